/** Whether reports of erasures are as they were signed: for whoever is handed one, or has kept one. */

import { UndercroftError } from "../base/errors.ts"

/** The public half of a key that signs reports. */
export interface ReportKey {
  /** Eight hexadecimal digits, with which each of its signatures begins. */
  readonly id: string
  verify(text: string, signature: Buffer): boolean
}

const oneNote = /([^\n]+\n)\n— (\S+) (\S+)\n+/gy

/** `text` is one report or several, one after the other. Gives whom they are about. Throws UC447. */
export function checkReports(text: string, key: ReportKey): readonly string[] {
  const found: string[] = []
  let end = 0
  const refuse = (why: string): UndercroftError =>
    new UndercroftError("UC447", { number: found.length + 1, why })
  for (const [whole, body = "", , signature = ""] of text.matchAll(oneNote)) {
    const bytes = Buffer.from(signature, "base64")
    if (bytes.subarray(0, 4).toString("hex") !== key.id) throw refuse("another key has signed it")
    if (!key.verify(body, bytes.subarray(4))) throw refuse("it is not what was signed")
    found.push(String(JSON.parse(body).subject))
    end += whole.length
  }
  if (found.length === 0 || end !== text.length) throw refuse("it is no signed report")
  return found
}
