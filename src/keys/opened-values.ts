/** What was decrypted lately. It is kept with the key that opened it, and goes with that key: who holds the key could open it anyway. */
import type { KeyObject } from "node:crypto"

/** Characters of all that is kept; when they are used up it begins anew. */
const keptLength = 32_000_000
/** A longer value is rare, and would push out many others. */
const longest = 4000

interface Opened {
  readonly stored: string
  readonly json: string
}

export class OpenedValues {
  /** Of each key by the end of what is stored, where its tag is: all of it would take long to hash. */
  private ofKeys: WeakMap<KeyObject, Map<string, Opened>> = new WeakMap()
  private length = 0

  /** `stored` is a value as it is stored, with its place: the same text opens to the same value, or not at all. */
  get(key: KeyObject, stored: string): string | undefined {
    const found = this.ofKeys.get(key)?.get(endOf(stored))
    return found?.stored === stored ? found.json : undefined
  }

  put(key: KeyObject, stored: string, json: string): void {
    const length = stored.length + json.length
    if (length > longest) return
    if (this.length + length > keptLength) {
      this.ofKeys = new WeakMap()
      this.length = 0
    }
    this.length += length
    // A copy: a part of an answer would keep all of that answer.
    const own = Buffer.from(stored).toString()
    const values = this.ofKeys.get(key) ?? new Map<string, Opened>()
    values.set(endOf(own), { stored: own, json })
    this.ofKeys.set(key, values)
  }
}

function endOf(stored: string): string {
  return stored.slice(-24)
}
