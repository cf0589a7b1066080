/** The model as the type `Database` that supabase-js and postgrest-js take: rows, inserts, updates and relations. */
import type { EntityInfo, FieldInfo, Model } from "../model/model.ts"
import { isNullable } from "./nullable.ts"

/** A TypeScript file; the same model gives the same text. */
export function databaseTypes(name: string, model: Model): string {
  const [tables, views] = [false, true].map((isView) =>
    model.entities.filter((entity) => (entity.view !== null) === isView),
  )
  return `/** The API of ${inComment(name)}, for createClient<Database>() and new PostgrestClient<Database>(url). Made by: undercroft client --types */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

export type Database = {
  public: {
    Tables: ${block(tables!.map((entity) => entityText(entity, tableForms)))}
    Views: ${block(views!.map((entity) => entityText(entity, viewForms)))}
    Functions: { [_ in never]: never }
    Enums: { [_ in never]: never }
    CompositeTypes: { [_ in never]: never }
  }
}
`
}

type Form = readonly [name: string, member: (field: FieldInfo) => string | null]

const rowForm: Form = ["Row", (field) => `${field.name}: ${typeOf(field, isNullable(field))}`]
const viewForms: readonly Form[] = [rowForm]
const tableForms: readonly Form[] = [
  rowForm,
  [
    "Insert",
    (field) => {
      const mark = field.optional || field.defaulted ? "?" : ""
      return field.readonly ? null : `${field.name}${mark}: ${typeOf(field, field.optional)}`
    },
  ],
  [
    "Update",
    (field) =>
      field.readonly || field.immutable ? null : `${field.name}?: ${typeOf(field, field.optional)}`,
  ],
]

function entityText(entity: EntityInfo, forms: readonly Form[]): string {
  const members = forms.map(([form, member]) => {
    const lines = entity.fields.flatMap((field) => {
      const text = member(field)
      const comment = form === "Row" && field.description ? `/** ${inComment(field.description)} */\n` : ""
      return text === null ? [] : [indented(`${comment}${text}`, 10)]
    })
    return `        ${form}: {\n${lines.join("")}        }\n`
  })
  const comment = entity.description ? `      /** ${inComment(entity.description)} */\n` : ""
  return `${comment}      ${entity.collection}: {\n${members.join("")}        Relationships: ${relationships(entity)}\n      }\n`
}

/** Ways back are lists in answers even where the reference is unique, so no relation is said to be one-to-one. */
function relationships(entity: EntityInfo): string {
  const found = entity.fields.flatMap((field) => {
    const [key] = field.reference?.entity.key ?? []
    if (!field.reference || !key) return []
    return [
      `          {
            foreignKeyName: "${entity.table}_${field.column}_fkey"
            columns: ["${field.name}"]
            isOneToOne: false
            referencedRelation: "${field.reference.entity.collection}"
            referencedColumns: ["${key.name}"]
          },
`,
    ]
  })
  return found.length === 0 ? "[]" : `[\n${found.join("")}        ]`
}

function typeOf({ kind }: FieldInfo, nullable: boolean): string {
  return `${kind.typescript()}${nullable ? " | null" : ""}`
}

function block(entries: readonly string[]): string {
  return entries.length === 0 ? "{ [_ in never]: never }" : `{\n${entries.join("")}    }`
}

function indented(text: string, spaces: number): string {
  return text
    .split("\n")
    .map((line) => `${" ".repeat(spaces)}${line}\n`)
    .join("")
}

/** In one line, and without what ends a comment. */
function inComment(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll("*/", "* /")
}
