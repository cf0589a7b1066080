/** What patients of the clinic can agree to, and who keeps the register. */
import { anyOf, consentEntity } from "undercroft"
import { me, Patient } from "./model.ts"

export const Consent = consentEntity(Patient, {
  research: {
    text: "Researchers of our university hospital may read my measurements for studies of high blood pressure.",
    version: 1,
    basis: "explicit-consent",
    withdrawal: "From then on researchers see none of your measurements. Your treatment stays as it is.",
  },
  reminders: {
    text: "The practice may remind me of appointments by e-mail.",
    version: 1,
    basis: "consent",
    withdrawal: "The practice no longer writes to you; your appointments stay.",
  },
  treatment: {
    text: "The practice keeps what it needs for your treatment, for ten years as the law asks.",
    version: 1,
    basis: "health-care",
  },
  planning: {
    text: "The practices count visits, without names and in groups of five people or more, to plan their hours.",
    version: 1,
    basis: "health-care",
  },
})
Consent.access(({ row }) => {
  const own = row.person.user.is(me.id)
  // A practice records what a patient signed on paper, and says so.
  const ours = row.person.practice.in(me.practices)
  return { read: anyOf(own, ours), create: anyOf(own, ours), update: anyOf(own, ours) }
})
