/** The model that is measured: patients and appointments twice, behind policies and open to everyone. */

import type { BackendDefinition } from "undercroft"
import {
  actor,
  anyOf,
  anyone,
  choice,
  date,
  defineBackend,
  entity,
  instant,
  many,
  ref,
  text,
} from "undercroft"

/** Facts about the caller. */
export const me = actor({
  get practices() {
    return Staff.where(({ me, row }) => row.user.is(me.id)).pick("practice")
  },
  get records() {
    return Patient.where(({ me, row }) => row.user.is(me.id)).pick("id")
  },
})

export const Practice = entity("Practice", { fields: { name: text({ max: 120 }).public() } })
Practice.access(() => ({ read: anyone }))

export const Staff = entity("Staff", {
  collection: "staff",
  fields: { user: ref("User"), practice: ref(Practice), name: text({ max: 120 }).public() },
  indexes: [["user"]],
})
Staff.access(({ row }) => ({ read: row.practice.in(me.practices) }))

export const Patient = entity("Patient", {
  fields: {
    user: ref("User").optional(),
    practice: ref(Practice),
    name: text({ max: 200 }).personal(),
    born: date().personal(),
    city: text({ max: 80 }).personal(),
    lastSeen: instant().optional(),
    get appointments() {
      return many(Appointment, "patient")
    },
  },
  subject: "user",
  indexes: [["user"], ["practice", "born"]],
})
Patient.access(({ row }) => ({ read: anyOf(row.user.is(me.id), row.practice.in(me.practices)) }))

export const Appointment = entity("Appointment", {
  fields: {
    practice: ref(Practice),
    patient: ref(Patient),
    doctor: ref(Staff),
    startsAt: instant(),
    status: choice("booked", "arrived", "done", "missed"),
    room: text({ max: 400 }).optional(),
  },
  indexes: [
    ["practice", "startsAt"],
    ["patient", "startsAt"],
  ],
})
Appointment.access(({ row }) => {
  const ours = row.practice.in(me.practices)
  return { read: anyOf(row.patient.in(me.records), ours), create: ours, update: ours }
})

export const OpenStaff = entity("OpenStaff", {
  collection: "openStaff",
  fields: { user: ref("User"), practice: ref(Practice), name: text({ max: 120 }).public() },
  indexes: [["user"]],
})
OpenStaff.access(() => ({ read: anyone }))

export const OpenPatient = entity("OpenPatient", {
  fields: {
    user: ref("User").optional(),
    practice: ref(Practice),
    name: text({ max: 200 }).personal(),
    born: date().personal(),
    city: text({ max: 80 }).personal(),
    lastSeen: instant().optional(),
    get appointments() {
      return many(OpenAppointment, "patient")
    },
  },
  subject: "user",
  indexes: [["user"], ["practice", "born"]],
})
OpenPatient.access(() => ({ read: anyone }))

export const OpenAppointment = entity("OpenAppointment", {
  fields: {
    practice: ref(Practice),
    patient: ref(OpenPatient),
    doctor: ref(OpenStaff),
    startsAt: instant(),
    status: choice("booked", "arrived", "done", "missed"),
    room: text({ max: 400 }).optional(),
  },
  indexes: [
    ["practice", "startsAt"],
    ["patient", "startsAt"],
  ],
})
OpenAppointment.access(() => ({ read: anyone, create: anyone, update: anyone }))

/** The backend of the contender that is Undercroft. */
export const definition: BackendDefinition = defineBackend({
  name: "bench",
  model: [Practice, Staff, Patient, Appointment, OpenStaff, OpenPatient, OpenAppointment],
})
