/** Keeps what is for development out of production. */
import { UndercroftError } from "../base/errors.ts"

export function isProduction(): boolean {
  return process.env.NODE_ENV === "production"
}

/** Throws UC908. */
export function refuseInProduction(what: string, mend: string): void {
  if (isProduction()) throw new UndercroftError("UC908", { what, mend })
}
