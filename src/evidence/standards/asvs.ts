/** OWASP ASVS 5.0.0: what a backend meets, or leaves to those who build with it and run it, in our own short words. */
import type { Standard } from "../requirement.ts"
import { asvsAccounts } from "./asvs-accounts.ts"
import { asvsInput } from "./asvs-input.ts"
import { asvsLeftOut } from "./asvs-levels.ts"
import { asvsOperation } from "./asvs-operation.ts"

const reasons = [...new Set(Object.values(asvsLeftOut))]

export const asvs: Standard = {
  name: "OWASP ASVS 5.0",
  about: `Application Security Verification Standard, version 5.0.0: every requirement of levels 1 and 2 (L1, L2) that concerns a backend, and some of level 3. The standard's own text governs. Left out are ${Object.keys(asvsLeftOut).length} of levels 1 and 2, because they can't concern it: ${reasons.join("; ")}.`,
  prefix: "ASVS",
  requirements: [...asvsInput, ...asvsAccounts, ...asvsOperation].toSorted((one, other) =>
    one.id.localeCompare(other.id, "en", { numeric: true }),
  ),
}
