/** What patients ask for about their own data: a copy at once, the rest as a privacy officer decides. */
import { privacyRequestEntity } from "undercroft"
import { Patient } from "./model.ts"

export const PrivacyRequest = privacyRequestEntity(Patient, { officer: "privacy-officer" })
