/** Places on Earth: latitude and longitude in degrees (WGS 84). */
import { Field } from "../field.ts"
import { BadValue, checkText, type FieldKind } from "../value.ts"

/** A place in JSON, degrees. */
export interface Point {
  readonly latitude: number
  readonly longitude: number
}

/**
 * A place: `{"latitude": 52.52, "longitude": 13.41}`.
 *
 * @example
 * point().personal()
 */
export function point(): Field<Point> {
  return new Field(pointKind)
}

function literal(latitude: unknown, longitude: unknown): string {
  if (typeof latitude !== "number" || !(Math.abs(latitude) <= 90)) {
    throw new BadValue("must have a latitude from -90 to 90", "22003")
  }
  if (typeof longitude !== "number" || !(Math.abs(longitude) <= 180)) {
    throw new BadValue("must have a longitude from -180 to 180", "22003")
  }
  return `(${longitude},${latitude})`
}

const pointKind: FieldKind = {
  name: "point",
  sqlType: "point",
  operators: new Set(),
  parse(value) {
    if (typeof value !== "object" || value === null) throw new BadValue("must have latitude and longitude")
    const other = Object.keys(value).find((key) => key !== "latitude" && key !== "longitude")
    if (other !== undefined) throw new BadValue(`has the unknown key ${JSON.stringify(other.slice(0, 40))}`)
    const { latitude, longitude } = value as { latitude?: unknown; longitude?: unknown }
    return literal(latitude, longitude)
  },
  parseText(text) {
    const found = /^\s*\(\s*([-+.\d]{1,24})\s*,\s*([-+.\d]{1,24})\s*\)\s*$/.exec(checkText(text))
    return literal(Number(found?.[2] ?? Number.NaN), Number(found?.[1] ?? Number.NaN))
  },
  toJson: (sql) =>
    `case when ${sql} is null then null else json_build_object('latitude', (${sql})[1], 'longitude', (${sql})[0]) end`,
  checks: (column) => [`${column}[1] between -90 and 90`, `${column}[0] between -180 and 180`],
  schema: () => ({
    type: "object",
    required: ["latitude", "longitude"],
    properties: {
      latitude: { type: "number", minimum: -90, maximum: 90 },
      longitude: { type: "number", minimum: -180, maximum: 180 },
    },
    additionalProperties: false,
    examples: [{ latitude: 52.52, longitude: 13.41 }],
  }),
  typescript: () => "{ latitude: number; longitude: number }",
}
