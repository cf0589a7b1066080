/** An anchor that is a witness: it cosigns a head only if that goes on from the last one that it knows (C2SP tlog-witness). */
import type { RemoteAnchor } from "./anchor.ts"
import { parseWitnessKey, readCosignature } from "./cosignature.ts"
import { send } from "./send.ts"

/** Another Undercroft with `audit: { witness }`, or any witness that speaks C2SP's protocol. */
export interface WitnessAnchorSettings {
  /** Its address, before `/add-checkpoint`: `https://other.example.org/witness`. */
  readonly witness: string
  /** Its public key, `name+0123abcd+BA…`. */
  readonly key: string
  /** At most one head in this time; 10 unless given. */
  readonly everySeconds?: number
}

/** What the witness knew is learnt from its answer, so that nothing of it is to be kept here. */
export function witnessAnchor(
  { witness, key, everySeconds = 10 }: WitnessAnchorSettings,
  privateHosts: readonly string[],
): RemoteAnchor {
  const url = new URL(`${witness.replace(/\/$/, "")}/add-checkpoint`)
  const { name } = parseWitnessKey(key)
  let known = 0
  return {
    name: `witness ${name}`,
    everySeconds,
    async put(head, prove) {
      for (let attempt = 0; attempt < 2; attempt++) {
        const path = known === 0 || known === head.size ? [] : await prove(known)
        const body = [`old ${known}`, ...path, "", head.checkpoint].join("\n")
        const headers = { "content-type": "text/plain; charset=utf-8" }
        const { status, text } = await send({ url, method: "POST", headers, body, privateHosts })
        if (status === 409) {
          const said = /^\d{1,15}\n$/.test(text) ? Number(text) : 0
          if (said > head.size)
            throw new Error(
              `it knows ${said} entries, and this record has ${head.size}: the end of it is gone`,
            )
          if (said === known) throw new Error("it knows another head of this size: a fork")
          known = said
          continue
        }
        if (status !== 200) throw new Error(`it answered ${status}`)
        const line = text.split("\n").find((one) => one.startsWith(`— ${name} `))
        readCosignature(`${line ?? ""}\n`, head.checkpoint, key)
        known = head.size
        return { witness: key, line: `${line}\n` }
      }
      throw new Error("it knows another head each time that it is asked")
    },
  }
}
