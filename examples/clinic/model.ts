/** A clinic: practices and their staff, the patients, and what happens between them. */
// biome-ignore-all format: a model is read like a table, one field a line.
import {
  actor, allOf, anyOf, anyone, boolean, choice, concat, date, decimal, email, entity, generated, instant, integer, list,
  many, not, now, range, ref, text, userEntity, view,
} from "undercroft"

/** Facts about the caller, looked up by the database once a statement: never stale, never in the token. */
export const me = actor({
  get practices() { return Staff.where(({ me, row }) => row.user.is(me.id)).pick("practice") },
  get taken() { return Appointment.where(({ me, row }) => allOf(row.status.is("booked"), row.patient.user.is(me.id))).pick("slot") },
  get records() { return Patient.where(({ me, row }) => row.user.is(me.id)).pick("id") },
})
const doctors = () => me.has("doctor"), medics = () => anyOf(doctors(), me.has("nurse")) // Roles come with the token.

export const User = userEntity() // Who signs in; a name and roles are seen where this says, an address by its owner.
User.access(({ row }) => ({ read: anyOf(row.id.is(me.id), doctors()) }))

export const Practice = entity("Practice", {
  fields: {
    name: text({ max: 120 }).public(), city: text({ max: 80 }).public(),
    phone: text({ max: 40 }).public(),
    get staff() { return many(Staff, "practice") },
  },
})
Practice.access(() => ({ read: anyone }))

export const Staff = entity("Staff", {
  collection: "staff",
  fields: {
    user: ref(User).optional().visibleTo(doctors), // Emptied when they leave: access ends at once.
    practice: ref(Practice).immutable(),
    name: text({ max: 120 }).public(),
    job: choice("doctor", "nurse", "desk").public(),
  },
  unique: [["practice", "user"]],
})
Staff.access(({ row }) => {
  const ours = row.practice.in(me.practices)
  const led = allOf(ours, doctors())
  return { read: anyOf(ours, row.job.is("doctor")), create: led, update: led }
})

export const Patient = entity("Patient", {
  fields: {
    user: ref(User).optional().writableBy(doctors), // Who is linked here sees the record.
    practice: ref(Practice).immutable(),
    firstName: text({ max: 80 }).personal(),
    lastName: text({ max: 80 }).personal(),
    name: generated(text().personal(), ({ row }) => concat(row.firstName, " ", row.lastName)),
    born: date().personal(),
    gender: choice("female", "male", "diverse").personal(),
    insuranceNumber: text({ pattern: /[A-Z][0-9]{9}/ }).personal().encrypted({ findable: true }), // Under the patient's own key; equal ones can be found.
    email: email().personal().optional(),
    phone: text({ max: 40 }).personal().optional(),
    address: text({ max: 200 }).personal().optional(),
    allergies: list(text({ max: 80 })).special().encrypted().optional().visibleTo(({ row }) => anyOf(medics(), row.user.is(me.id))),
    history: text().special().encrypted().optional().visibleTo(({ row }) => anyOf(doctors(), row.user.is(me.id))),
    remarks: text().special().encrypted().optional().visibleTo(({ row }) => allOf(doctors(), row.practice.in(me.practices))),
    get appointments() { return many(Appointment, "patient") },
    get observations() { return many(Observation, "patient") },
    get prescriptions() { return many(Prescription, "patient") },
  },
  subject: "user", audit: { reads: true }, retain: { years: 10, after: "updatedAt" }, // A row is a person, whose account is this.
  // Unique within the practice: over all, a conflict would tell of patients elsewhere.
  unique: [["practice", "insuranceNumber"], ["practice", "user"]], indexes: [["practice", "lastName", "firstName"], ["user"]],
})
Patient.access(({ row }) => {
  const ours = row.practice.in(me.practices)
  return { read: anyOf(ours, row.user.is(me.id), me.overrides("emergency")), create: ours, update: ours } // See override.ts. No delete: not allowed.
})

export const Slot = entity("Slot", {
  fields: {
    practice: ref(Practice).immutable(),
    doctor: ref(Staff).immutable(),
    startsAt: instant().immutable(),
    endsAt: instant().immutable(),
    status: choice("open", "booked", "blocked").default("open"),
  },
  check: { endsLater: ({ row }) => row.endsAt.after(row.startsAt) },
  unique: [["practice", "doctor", "startsAt"]], indexes: [["practice", "startsAt"], ["status", "startsAt"]],
})
Slot.access(({ row }) => {
  const [ours, mine] = [row.practice.in(me.practices), row.id.in(me.taken)]
  const seen = anyOf(ours, mine, row.status.is("open"))
  return { // Patients take an open slot, and give it back, by a booked appointment of their own.
    read: seen, create: allOf(ours, row.doctor.practice.is(row.practice)), delete: ours,
    update: { from: seen, to: anyOf(ours, allOf(mine, row.status.isNot("blocked"))) },
  }
})

export const OpenSlot = view("OpenSlot", Slot, {
  key: "id", where: ({ row }) => allOf(row.status.is("open"), row.startsAt.after(now)),
  fields: {
    id: "id", practice: "practice", doctor: "doctor", startsAt: "startsAt", endsAt: "endsAt",
    city: (row) => row.practice.city, doctorName: (row) => row.doctor.name,
  },
})

export const Appointment = entity("Appointment", {
  fields: {
    practice: ref(Practice).immutable(),
    patient: ref(Patient).immutable(),
    doctor: ref(Staff).immutable(),
    slot: ref(Slot).optional().onDelete("set null"),
    during: range(instant()).immutable(),
    kind: choice("checkup", "consultation", "followUp", "acute", "vaccination"),
    status: choice("booked", "arrived", "done", "missed", "cancelled").default("booked"),
    reason: text().special().encrypted().optional().visibleTo(({ row }) => anyOf(medics(), row.patient.in(me.records))),
  },
  subject: "patient", retain: { years: 10, after: "createdAt" }, indexes: [["practice", "during"], ["patient", "during"]],
  exclude: [{ same: ["doctor"], overlapping: "during", where: ({ row }) => row.status.isNot("cancelled") }], reveals: true, // Who asks for a time that is taken learns so.
})
Appointment.access(({ row }) => {
  const ours = row.practice.in(me.practices)
  const own = row.patient.in(me.records)
  const fits = allOf(row.doctor.practice.is(row.practice), row.patient.practice.is(row.practice))
  const offered = allOf(row.slot.status.is("open"), row.slot.doctor.is(row.doctor))
  return {
    read: anyOf(ours, own),
    create: allOf(fits, anyOf(ours, allOf(own, offered, row.status.is("booked")))),
    update: { // Patients cancel what is booked; what is cancelled stays cancelled.
      from: anyOf(allOf(ours, row.status.isNot("cancelled")), allOf(own, row.status.is("booked"))),
      to: anyOf(ours, allOf(own, row.status.is("cancelled"))),
    },
  }
})

export const ClinicalNote = entity("ClinicalNote", {
  fields: {
    practice: ref(Practice).immutable(),
    patient: ref(Patient).immutable(),
    author: ref(Staff).immutable(),
    writtenOn: date().immutable(),
    body: text({ max: 10_000 }).special().encrypted(),
    internal: boolean().default(false).describe("Kept from the patient."),
    signedAt: instant().optional().describe("From then on the note can't be changed, only added to."),
    get addenda() { return many(Addendum, "note") },
  },
  subject: "patient", audit: { reads: true }, retain: { years: 10, after: "writtenOn" }, indexes: [["patient", "writtenOn"], ["practice", "writtenOn"]],
})
ClinicalNote.access(({ row }) => {
  const ours = row.practice.in(me.practices)
  const mine = allOf(ours, doctors(), row.author.user.is(me.id))
  const draft = row.signedAt.isNull()
  return {
    read: anyOf(allOf(ours, medics()), allOf(row.patient.in(me.records), row.internal.is(false), not(draft)), me.overrides("emergency")),
    create: allOf(mine, row.patient.practice.is(row.practice)),
    update: { from: allOf(mine, draft), to: mine },
    delete: allOf(mine, draft),
  }
})

export const Addendum = entity("Addendum", {
  collection: "addenda", subject: "note", retain: { years: 10, after: "createdAt" },
  fields: { note: ref(ClinicalNote).immutable(), author: ref(Staff), body: text({ max: 4000 }).special().encrypted() },
})
Addendum.access(({ row }) => {
  const mine = allOf(medics(), row.note.practice.in(me.practices), row.author.user.is(me.id))
  return { read: row.note.visible(), create: allOf(mine, row.note.signedAt.isPresent()) }
})

export const Observation = entity("Observation", {
  fields: {
    practice: ref(Practice),
    patient: ref(Patient).immutable(),
    kind: choice("systolic", "diastolic", "pulse", "temperature", "weight", "glucose").special(),
    value: decimal({ precision: 6, scale: 2 }).special().encrypted(), unit: choice("mmHg", "bpm", "°C", "kg", "mg/dL"),
    measuredAt: instant(),
    device: text({ max: 40 }).optional(),
  },
  subject: "patient", retain: { years: 10, after: "measuredAt" }, unique: [["patient", "kind", "measuredAt"]], indexes: [["practice", "measuredAt"]], // What is sent twice is one row.
})
Observation.access(({ row }) => {
  const visible = anyOf(allOf(medics(), row.practice.in(me.practices)), row.patient.in(me.records))
  const studied = allOf(me.has("researcher"), row.consentsTo("research")) // See consent.ts.
  return { read: anyOf(visible, studied), create: allOf(visible, row.patient.practice.is(row.practice)) }
})

export const Prescription = entity("Prescription", {
  fields: {
    practice: ref(Practice).immutable(),
    patient: ref(Patient).immutable(),
    doctor: ref(Staff).immutable(),
    substance: text({ max: 120 }).special().encrypted().immutable(),
    dose: text({ max: 120 }).special().encrypted().immutable(),
    issuedOn: date().immutable(),
    refills: integer({ min: 0, max: 12 }).default(0),
  },
  subject: "patient", retain: { years: 10, after: "issuedOn" }, indexes: [["patient", "issuedOn"], ["practice", "issuedOn"]],
})
Prescription.access(({ row, before }) => {
  const ours = allOf(medics(), row.practice.in(me.practices))
  return {
    read: anyOf(ours, row.patient.in(me.records), me.overrides("emergency")),
    create: allOf(ours, doctors(), row.doctor.user.is(me.id), row.patient.practice.is(row.practice)),
    update: { from: ours, to: ours, step: row.refills.atMost(before.refills) }, // A refill is used up.
  }
})
