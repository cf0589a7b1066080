/** Breaking the glass: in an emergency a doctor reads a patient of another practice, with a reason, and somebody reviews it. */
import { overrideEntity } from "undercroft"
import { Patient } from "./model.ts"

export const Override = overrideEntity(Patient, {
  emergency: { who: ["doctor"], minutes: 60, review: "privacy-officer" },
})
