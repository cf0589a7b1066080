/** Builds a project's model and rules; what its own code throws meanwhile is told with its place. */

import { UndercroftError } from "../base/errors.ts"
import { buildBackend } from "../build-backend.ts"
import type { Policies } from "../policy/policies.ts"
import { isThrownIn, toLoadError } from "./load-error.ts"
import type { Project } from "./project.ts"

/** Throws `ModelError` with every problem, and UC902. */
export function buildProject(project: Project): Policies {
  try {
    return buildBackend(project.definition)
  } catch (cause) {
    throw toProjectError(cause, project)
  }
}

/** UC902 for an error that the project's own code threw; others stay what they are. */
export function toProjectError(cause: unknown, project: Project): unknown {
  if (cause instanceof UndercroftError || !isThrownIn(project.folder, cause)) return cause
  return toLoadError(cause, project.folder)
}
