/** Corrects one field of a person's row, as they asked and an officer granted, on record with who granted it (GDPR Art. 16). */
import type { RequestInfo } from "../model/model.ts"
import { BadValue } from "../model/value.ts"
import { quoteName, tableOf } from "../policy/to-sql.ts"
import { rowsOf } from "../sql/subject-rows.ts"
import { asInternal, inSystem } from "./internal-session.ts"
import type { GrantedRequest } from "./privacy-requests.ts"

/** With the request done in the same transaction, so that it happens once. Null, or why it could not be: in words that hold no value. */
export async function rectifyRow(
  adminUrl: string,
  model: Parameters<typeof rowsOf>[0],
  { entity: register, person, correctable }: RequestInfo,
  request: GrantedRequest,
  answer: string | null,
): Promise<string | null> {
  const field = correctable.find((one) => one.entity.name === request.entity && one.name === request.field)
  const rows = field && rowsOf(model, person.reference!.entity).find((one) => one.entity === field.entity)
  if (!field || !rows) return "The model has no such field any more."
  if (request.value === null && !field.optional) return "The field can't be empty."
  const { entity } = field
  try {
    const value = request.value === null ? null : field.kind.parse(request.value)
    return await asInternal(adminUrl, (session) =>
      inSystem(session, "privacy", async () => {
        const { rowCount } = await session.query(
          `update ${tableOf(entity)} t set ${quoteName(field.column)} = x.v from json_to_recordset($2::json) as x(v ${field.kind.sqlType})
            where ${rows.where} and t.${quoteName(entity.key[0]!.column)}::text = $3`,
          [request.person, JSON.stringify([{ v: value }]), request.row],
        )
        if (rowCount !== 1) return "There is no such row of this person."
        await session.query(
          "insert into audit.pending (kind, actor, door, entity, rows, subjects, fields, detail) values ('admin', 'system:privacy', 'system', $1, array[$2], array[$3], array[$4], jsonb_build_object('rectify', $5::text, 'by', $6::text))",
          [
            entity.name,
            request.row,
            `${person.reference!.entity.name}:${request.person}`,
            field.name,
            request.id,
            request.by,
          ],
        )
        await session.query(
          `update ${tableOf(register)} set status = 'done', answer = $2, progress = 100, ended_at = clock_timestamp() where id = $1`,
          [request.id, answer],
        )
        return null
      }),
    )
  } catch (cause) {
    if (cause instanceof BadValue || /^2[23]/.test(String((cause as { code?: unknown }).code)))
      return "The value does not fit the field, or the rules of its table."
    throw cause
  }
}
