/** Planted bugs of what encrypts and decrypts. */
import { FieldCiphers, type PlainValue } from "../../src/keys/field-ciphers.ts"
import type { KeyRing } from "../../src/keys/key-ring.ts"
import type { FieldInfo, Model } from "../../src/model/model.ts"

const elsewhere = "00000000-0000-4000-8000-000000000bad"

/** The ciphers of a model, with the bugs of these names in them. */
export function openCiphers(ring: KeyRing, model: Model, faults: ReadonlySet<string>): FieldCiphers {
  return new FaultyCiphers(ring, model, faults)
}

class FaultyCiphers extends FieldCiphers {
  private readonly faults: ReadonlySet<string>

  constructor(ring: KeyRing, model: Model, faults: ReadonlySet<string>) {
    super(ring, model)
    this.faults = faults
  }

  override indexOf(field: FieldInfo, value: unknown): string {
    return super.indexOf(this.faults.has("index-of-other-field") ? { ...field, name: "other" } : field, value)
  }

  override async seal(values: readonly PlainValue[]): Promise<readonly Buffer[]> {
    const sealed = await super.seal(
      this.faults.has("sealed-elsewhere") ? values.map((one) => ({ ...one, row: elsewhere })) : values,
    )
    if (!this.faults.has("stored-plain")) return sealed
    return sealed.map((bytes, at) => {
      const head = bytes.subarray(0, bytes.length - 28 - Buffer.byteLength(JSON.stringify(values[at]!.value)))
      return Buffer.concat([head, Buffer.from(JSON.stringify(values[at]!.value).padEnd(60))])
    })
  }
}
