/** What erasure needs outside of the database, as a project has it: the ledger, and the key that signs reports. */
import type { ErasureOptions } from "../app-options.ts"
import { erasureLedger } from "../privacy/erasure-ledger.ts"
import type { AuditPlaces } from "./project-audit.ts"

/** Undefined where nobody named a file for the ledger. */
export function erasuresOf({ ledgerPath, reports }: AuditPlaces): ErasureOptions | undefined {
  if (ledgerPath === null) return undefined
  const sign = async (text: string): Promise<string> => (await reports.find(null)).note(text)
  return { ledger: erasureLedger(ledgerPath), sign }
}
