/** Planted bugs of what encrypts and decrypts. */
import { FieldCiphers, type PlainValue } from "../../src/keys/field-ciphers.ts"
import type { KeyRing } from "../../src/keys/key-ring.ts"
import { encryptedFields } from "../../src/model/encryption.ts"
import type { FieldInfo, Model } from "../../src/model/model.ts"

/** The ciphers of a model, with the bugs of these names in them. */
export function openCiphers(ring: KeyRing, model: Model, faults: ReadonlySet<string>): FieldCiphers {
  return new FaultyCiphers(ring, model, faults)
}

class FaultyCiphers extends FieldCiphers {
  private readonly faults: ReadonlySet<string>
  private readonly findable: readonly FieldInfo[]

  constructor(ring: KeyRing, model: Model, faults: ReadonlySet<string>) {
    super(ring, model)
    this.faults = faults
    this.findable = model.entities.flatMap(encryptedFields).filter((one) => one.encrypted?.findable)
  }

  override indexOf(field: FieldInfo, value: unknown): string {
    const other = this.faults.has("index-of-other-field")
      ? this.findable.find((one) => one !== field)
      : undefined
    return super.indexOf(other ?? field, value)
  }

  override async seal(values: readonly PlainValue[]): Promise<readonly Buffer[]> {
    const sealed = await super.seal(
      this.faults.has("sealed-elsewhere")
        ? values.map((one) => ({ ...one, row: one.person, link: "" }))
        : values,
    )
    if (!this.faults.has("stored-plain")) return sealed
    return sealed.map((bytes, at) => {
      const head = bytes.subarray(0, bytes.length - 28 - Buffer.byteLength(JSON.stringify(values[at]!.value)))
      return Buffer.concat([head, Buffer.from(JSON.stringify(values[at]!.value).padEnd(60))])
    })
  }
}
