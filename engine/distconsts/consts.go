// Package distconsts tells the engine where this host keeps the files it needs.
// engine/paths.py holds the same folder; a test compares the two.
package distconsts

const (
	EngineContainerName = "dagger-engine"

	cache = "/var/cache/slipway-engine"

	RuncPath       = cache + "/bin/runc"
	DaggerInitPath = cache + "/bin/init"

	EngineDefaultStateDir            = cache + "/instances/default/state"
	EngineContainerBuiltinContentDir = cache + "/content"
	DefaultEngineSockAddr            = "unix:///run/dagger/engine.sock"

	// Empty on purpose. Given certificates, the engine would install them into every container at 1.8 s for each exec;
	// they are baked into the images instead.
	EngineCustomCACertsDir = cache + "/no-ca-certificates"

	GoSDKManifestDigestEnvName         = "DAGGER_GO_SDK_MANIFEST_DIGEST"
	PythonSDKManifestDigestEnvName     = "DAGGER_PYTHON_SDK_MANIFEST_DIGEST"
	TypescriptSDKManifestDigestEnvName = "DAGGER_TYPESCRIPT_SDK_MANIFEST_DIGEST"

	OCIVersionAnnotation = "org.opencontainers.image.version"

	AlpineVersion = "3.22.1"
	AlpineImage   = "alpine:" + AlpineVersion
	GolangImage   = "golang:1.25-alpine"
	BusyboxImage  = "busybox:1.37.0-musl"
)
