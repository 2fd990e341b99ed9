// How a picture is sent, and how the same is written for a shell or in Python.

const HEADER = "X-Amzn-SageMaker-Custom-Attributes";
const PLAIN_LABEL = /^(?!\d+$)[A-Za-z0-9._-]+( [A-Za-z0-9._-]+)*$/;

export const endpoint = () => new URL("invocations", document.baseURI).href;

/** The options that differ from the model's own, as the header writes them: `confidence=0.5;classes=circle,square`. */
export function attributes(options, defaults, labels) {
  const given = Object.entries(options).filter(([name, value]) => name !== "classes" && value !== defaults[name]);
  const words = given.map(([name, value]) => `${name}=${value}`);
  if (options.classes.length) {
    // A label may hold what the header cannot; its number never does.
    words.push(`classes=${options.classes.map((id) => (PLAIN_LABEL.test(labels[id]) ? labels[id] : id)).join(",")}`);
  }
  return words.join(";");
}

/** The answer as `{status, document, milliseconds}`; throws TypeError when there is none. */
export async function send(picture, given, signal) {
  const headers = { "Content-Type": picture.type || "application/octet-stream" };
  if (given) headers[HEADER] = given;
  const start = performance.now();
  const response = await fetch(endpoint(), { method: "POST", body: picture, headers, signal });
  const text = await response.text();
  const milliseconds = performance.now() - start;
  try {
    return { status: response.status, document: JSON.parse(text), milliseconds };
  } catch {
    const message = `Something before the server answered with status ${response.status}. Look at what stands between.`;
    return { status: response.status, document: { error: { code: "no_json", message } }, milliseconds };
  }
}

const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const python = JSON.stringify;

/** The request in each language; `file` is `{name, type}`. */
export const snippets = {
  curl: (file, given) =>
    [
      `curl -sS ${shell(endpoint())}`,
      `-H ${shell(`Content-Type: ${file.type || "application/octet-stream"}`)}`,
      ...(given ? [`-H ${shell(`${HEADER}: ${given}`)}`] : []),
      `--data-binary ${shell(`@${file.name}`)}`,
    ].join(" \\\n  "),

  python: (file, given) => `import requests

with open(${python(file.name)}, "rb") as picture:
    answer = requests.post(
        ${python(endpoint())},
        data=picture,
        headers={
            "Content-Type": ${python(file.type || "application/octet-stream")},${
              given ? `\n            "${HEADER}": ${python(given)},` : ""
            }
        },
        timeout=60,
    )
answer.raise_for_status()
print(answer.text)
`,

  boto3: (file, given) => `import boto3

runtime = boto3.client("sagemaker-runtime")
with open(${python(file.name)}, "rb") as picture:
    answer = runtime.invoke_endpoint(
        EndpointName="slipway-dev",  # yours
        ContentType=${python(file.type || "application/octet-stream")},${
          given ? `\n        CustomAttributes=${python(given)},` : ""
        }
        Body=picture,
    )
print(answer["Body"].read().decode())
`,
};
