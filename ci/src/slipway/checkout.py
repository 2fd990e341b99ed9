"""What the git checkout is called: it names what is published from it."""

import dagger


async def commit_tag(repository: dagger.GitRepository) -> str:
    """The commit's SHA; `-dirty` says that what is built is not what that commit holds."""
    clean = await repository.uncommitted().is_empty()
    return await repository.head().commit() + ("" if clean else "-dirty")


async def branch_name(repository: dagger.GitRepository) -> str:
    """The branch that is checked out; empty where only a commit is, as GitHub's runners have it."""
    ref = await repository.head().ref()
    return ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else ""
