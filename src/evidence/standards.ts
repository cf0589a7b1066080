/** The standards that evidence is given for. */
import type { Standard } from "./requirement.ts"
import { asvs } from "./standards/asvs.ts"
import { ehds } from "./standards/ehds.ts"
import { gdpr } from "./standards/gdpr.ts"
import { hipaa } from "./standards/hipaa.ts"
import { tr03161 } from "./standards/tr-03161-3.ts"

export const standards: Readonly<Record<"tr-03161-3" | "gdpr" | "ehds" | "hipaa" | "asvs", Standard>> = {
  "tr-03161-3": tr03161,
  gdpr,
  ehds,
  hipaa,
  asvs,
}

export type StandardName = keyof typeof standards
