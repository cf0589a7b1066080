/** How many persons' keys are missing although there are values under them: what an operator must know before a backup of the keys is gone. */
import type { KeyRing } from "../keys/key-ring.ts"
import type { Model } from "../model/model.ts"
import { asInternal } from "./internal-session.ts"
import { eachWithValues } from "./key-uses.ts"

/** Looks at every person. Values of whom the key was destroyed are no loss. */
export async function countLostKeys(adminUrl: string, model: Model, { store }: KeyRing): Promise<number> {
  return asInternal(adminUrl, async (session) => {
    let count = 0
    for await (const some of eachWithValues(session, model))
      count += (await store.read(some)).filter((one) => one === null).length
    return count
  })
}
