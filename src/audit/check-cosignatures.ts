/** Checks what witnesses signed under heads: a head that was made anew has not the signature of its witness. */
import { allCosignatures, hasCosignatures } from "../sql/audit-anchors.ts"
import { parseWitnessKey, readCosignature } from "./cosignature.ts"
import type { Findings } from "./findings.ts"
import type { Reading } from "./scan-entries.ts"

/** What one witness signed. */
export interface Cosigned {
  /** Its name and identifier, `name+0123abcd`. */
  readonly witness: string
  /** How many heads carry its signature. */
  readonly heads: number
  /** How many entries are under the last of them. */
  readonly last: number
}

/** `known` are the keys of witnesses that the definition names; null where that is not known. */
export async function checkCosignatures(
  { reader, findings }: { reader: Reading; findings: Findings },
  known: readonly string[] | null,
): Promise<{ readonly cosigned: readonly Cosigned[]; readonly notes: readonly string[] }> {
  const found = new Map<string, Cosigned>()
  const strangers = new Set<string>()
  if ((await reader.query(hasCosignatures))[0]?.["there"] !== true) return { cosigned: [], notes: [] }
  for await (const rows of reader.stream(allCosignatures))
    for (const { size: text, witness: key, line, checkpoint } of rows as unknown as readonly Row[]) {
      const size = Number(text)
      const before = found.get(key)
      try {
        const { name, id } = parseWitnessKey(key)
        if (checkpoint === null) throw new Error("the head itself is gone")
        readCosignature(line, checkpoint, key)
        found.set(key, { witness: `${name}+${id}`, heads: (before?.heads ?? 0) + 1, last: size })
        if (known && !known.includes(key)) strangers.add(`${name}+${id}`)
      } catch (cause) {
        const who = key.split("+")[0]?.slice(0, 100)
        const what = `the head of ${size} entries is not as the witness ${who} signed it: ${(cause as Error).message}`
        findings.within((before?.last ?? 0) + 1, size, what)
        return { cosigned: [...found.values()], notes: [] }
      }
    }
  const notes = [...strangers].map(
    (one) => `The witness ${one} is none that the definition names: anybody may have made its signatures.`,
  )
  return { cosigned: [...found.values()], notes }
}

interface Row {
  readonly size: string
  readonly witness: string
  readonly line: string
  readonly checkpoint: string | null
}
