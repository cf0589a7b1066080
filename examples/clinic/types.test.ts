/** What the model's types promise, held by the compiler: `tsc -p tsconfig.examples.json`. */
import type { Insert, Row, Update } from "undercroft"
import { expectTypeOf, it } from "vitest"
import type {
  Addendum,
  Appointment,
  ClinicalNote,
  me,
  Observation,
  OpenSlot,
  Patient,
  Practice,
  Prescription,
  Slot,
  Staff,
} from "./model.ts"

const id = "018ce7a8-0f00-7001-8000-000000000001"

it("no entity, row or fact is any", () => {
  expectTypeOf<typeof Patient>().not.toBeAny()
  expectTypeOf<Row<typeof Practice>>().not.toBeAny()
  expectTypeOf<Row<typeof Staff>>().not.toBeAny()
  expectTypeOf<Row<typeof Patient>>().not.toBeAny()
  expectTypeOf<Row<typeof Patient>["allergies"]>().not.toBeAny()
  expectTypeOf<Row<typeof Slot>>().not.toBeAny()
  expectTypeOf<Row<typeof OpenSlot>>().not.toBeAny()
  expectTypeOf<Row<typeof Appointment>>().not.toBeAny()
  expectTypeOf<Row<typeof ClinicalNote>>().not.toBeAny()
  expectTypeOf<Row<typeof Addendum>>().not.toBeAny()
  expectTypeOf<Row<typeof Observation>>().not.toBeAny()
  expectTypeOf<Row<typeof Prescription>>().not.toBeAny()
  expectTypeOf<typeof me>().not.toBeAny()
  expectTypeOf<(typeof me)["practices"]>().not.toBeAny()
})

it("rows have their columns, and not the ways back", () => {
  expectTypeOf<Row<typeof Patient>["allergies"]>().toEqualTypeOf<readonly string[] | null>()
  expectTypeOf<Row<typeof Patient>["history"]>().toEqualTypeOf<string | null>()
  expectTypeOf<Row<typeof Patient>["gender"]>().toEqualTypeOf<"female" | "male" | "diverse">()
  expectTypeOf<Row<typeof Patient>["version"]>().toEqualTypeOf<number>()
  expectTypeOf<Row<typeof Patient>>().not.toHaveProperty("appointments")
  expectTypeOf<Row<typeof OpenSlot>["startsAt"]>().toEqualTypeOf<string>()
  expectTypeOf<Row<typeof OpenSlot>["doctorName"]>().toEqualTypeOf<string | null>()
  expectTypeOf<Row<typeof OpenSlot>>().not.toHaveProperty("createdAt")
})

it("what creates a row has no less and no more than it needs", () => {
  const during = "[2026-02-18T08:00:00Z,2026-02-18T08:30:00Z)"
  const booking = { practice: id, patient: id, doctor: id, during, kind: "checkup" } as const
  expectTypeOf(booking).toExtend<Insert<typeof Appointment>>()
  const wrong: Insert<typeof Appointment>[] = [
    // @ts-expect-error: no such kind of appointment
    { ...booking, kind: "party" },
    // @ts-expect-error: a range is one text
    { ...booking, during: { from: "2026-02-18", to: "2026-02-19" } },
    // @ts-expect-error: the database counts versions
    { ...booking, version: 2 },
    // @ts-expect-error: whose appointment?
    { practice: id, doctor: id, during, kind: "checkup" },
  ]
  // @ts-expect-error: the full name is generated
  expectTypeOf<Insert<typeof Patient>["name"]>().toBeString()
  void wrong
})

it("what never changes can't be changed", () => {
  const allowed: Update<typeof Prescription> = { refills: 1 }
  const refused: (Update<typeof Prescription> | Update<typeof Patient>)[] = [
    // @ts-expect-error: a prescription is for one substance
    { substance: "Ramipril" },
    // @ts-expect-error: a patient stays with the practice
    { firstName: "Anna", practice: id },
  ]
  void [allowed, refused]
})
