/** Encrypted fields in queries of `db`: read as the process finds them in the answer, compared by what equal values share. */
import {
  AliasNode,
  ColumnNode,
  IdentifierNode,
  type OperationNode,
  RawNode,
  ReferenceNode,
  TableNode,
  ValueNode,
} from "kysely"
import { UndercroftError } from "../base/errors.ts"
import type { FieldCiphers } from "../keys/field-ciphers.ts"
import { indexColumn, plainKind } from "../model/encryption.ts"
import type { FieldInfo } from "../model/model.ts"
import { BadValue } from "../model/value.ts"
import { refuseValue } from "../sql/literal.ts"
import { placeFields } from "../sql/sealed-value.ts"

const [opening, closing] = [["(", "::text || ", "::text || "], ", 'base64'), E'\\n', '') || '!')"]
const ownFragments: readonly string[] = [...opening, "::text || '::' || translate(encode(", closing]
const linkedFragments: readonly string[] = [
  ...opening,
  "::text || ':' || ",
  "::text || ':' || translate(encode(",
  closing,
]

/** Whether it is the SQL by which an encrypted field is read; it puts texts together, whatever stands between. */
export function isEncryptedRead(fragments: readonly string[]): boolean {
  const text = JSON.stringify(fragments)
  return text === JSON.stringify(ownFragments) || text === JSON.stringify(linkedFragments)
}

export class EncryptedColumns {
  private readonly ciphers: FieldCiphers
  private readonly mark: string
  /** References that are part of how an encrypted field is read. */
  private readonly parts: WeakSet<object> = new WeakSet()

  constructor(ciphers: FieldCiphers, mark: string) {
    this.ciphers = ciphers
    this.mark = mark
  }

  isPart(node: object): boolean {
    return this.parts.has(node)
  }

  /** What is selected in place of the field. */
  read(field: FieldInfo, table: string | null, as: string): AliasNode {
    const [row, link] = placeFields(field).map((one) => this.reference(one.name, table))
    const name = ValueNode.create(`${field.entity.name}.${field.name}:`)
    const nodes = [
      ValueNode.create(this.mark),
      name,
      row!,
      ...(link ? [link] : []),
      this.reference(field.name, table),
    ]
    const fragments = link ? linkedFragments : ownFragments
    return AliasNode.create(RawNode.create(fragments, nodes), IdentifierNode.create(as))
  }

  /** The field itself, of which null alone is asked. */
  plain(field: FieldInfo, table: string | null): ReferenceNode {
    return this.reference(field.name, table)
  }

  /** The column that is compared in place of the field. */
  index(field: FieldInfo, table: string | null): ReferenceNode {
    return this.reference(indexColumn(field), table)
  }

  /** What a value is compared by. */
  indexOf(field: FieldInfo, value: unknown): Buffer {
    try {
      return Buffer.from(this.ciphers.indexOf(field, plainKind(field).parse(value)), "hex")
    } catch (cause) {
      throw cause instanceof BadValue ? refuseValue(field, cause) : cause
    }
  }

  private reference(name: string, table: string | null): ReferenceNode {
    const node = ReferenceNode.create(
      ColumnNode.create(name),
      table === null ? undefined : TableNode.create(table),
    )
    this.parts.add(node)
    return node
  }
}

/** In place of a value that was not encrypted: a statement that has one does not run. */
export class Unsealed {
  readonly field: FieldInfo

  constructor(field: FieldInfo) {
    this.field = field
  }
}

/** Throws where a value would be stored as it is. */
export function checkSealed(parameters: readonly unknown[]): void {
  const found = parameters.find((one) => one instanceof Unsealed)
  if (found)
    throw refuseEncrypted(
      found.field,
      "written so: use values() or set(), without onConflict (but doNothing) and with",
    )
}

/** What can't be asked of an encrypted field. */
export function refuseEncrypted(field: FieldInfo, what: string): UndercroftError {
  return new UndercroftError("UC330", { field: `${field.entity.collection}.${field.name}`, what })
}

/** Whether a node is the value null. */
export function isNull(node: OperationNode): boolean {
  return ValueNode.is(node) && node.value === null
}
