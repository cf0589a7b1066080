/** The access matrix for a terminal: a table of entities and operations, each sentence wrapped in its column. */
import { type AccessEntity, type AccessMatrix, accessGround } from "../policy/access-matrix.ts"
import { restrictionText } from "./restriction-text.ts"
import { padTo, type Terminal, widthOf, wrap } from "./terminal.ts"

const verbs = { read: "read", create: "create", update: "change", delete: "delete" } as const
const marks = { everyone: "●", conditional: "◐", "no one": "○" } as const
const colours = { everyone: "yellow", conditional: "green", "no one": "dim" } as const

export function accessText(name: string, matrix: AccessMatrix, out: Terminal): string {
  const lines = [
    out.paint("bold", `Who may do what in ${name}`),
    out.paint("dim", "● everyone   ◐ whoever the sentence says   ○ no one"),
    ...matrix.entities.flatMap((entity) => ["", ...entityLines(entity, out)]),
    ...factLines(matrix, out),
    "",
    ...accessGround.flatMap((one) => bulleted(one, out)),
  ]
  return `${lines.join("\n")}\n`
}

function entityLines(entity: AccessEntity, out: Terminal): readonly string[] {
  const notes = [
    ...(entity.viewOf === null ? [] : [`a view of ${entity.viewOf}`]),
    ...Object.entries(entity.classified).map(([name, fields]) => `${name}: ${fields.join(", ")}`),
    ...(entity.reveals ? ["its constraints tell that rows exist"] : []),
  ]
  const head = `${out.paint("bold", entity.entity)} ${out.paint("dim", `/rest/${entity.collection}`)}`
  const rows: [string, string, string][] = entity.grants.map((grant) => [
    out.paint(colours[grant.allowed], marks[grant.allowed]),
    verbs[grant.operation],
    grant.sentence,
  ])
  for (const field of entity.fields) rows.push([out.paint("cyan", "▪"), field.field, restrictionText(field)])
  const width = Math.max(...rows.map(([, label]) => widthOf(label)))
  return [
    head,
    ...notes.flatMap((note) => wrap(note, out.width - 2).map((line) => out.paint("dim", `  ${line}`))),
    ...rows.flatMap(([mark, label, text]) =>
      wrap(text, out.width - width - 7).map((line, at) =>
        at === 0 ? `  ${mark} ${padTo(label, width)}  ${line}` : `${" ".repeat(width + 6)}${line}`,
      ),
    ),
  ]
}

function factLines({ facts }: AccessMatrix, out: Terminal): readonly string[] {
  if (facts.length === 0) return []
  const legend = facts.flatMap(({ name, meaning }) => bulleted(`${name}: ${meaning}`, out))
  return ["", out.paint("bold", "What a caller has"), ...legend]
}

function bulleted(text: string, out: Terminal): readonly string[] {
  return wrap(text, out.width - 4).map((line, at) => `${at === 0 ? "  - " : "    "}${line}`)
}
