/** Amounts of money in the smallest unit of one currency. */
import { Field } from "../field.ts"
import { bigintKind } from "./bigint.ts"

/**
 * An amount in the smallest unit of a currency: 1250 is 12.50 EUR. JSON as for `bigint`.
 *
 * @example
 * money("EUR")
 */
export function money(currency: string): Field<number | string> {
  const kind = bigintKind("money")
  return new Field({
    ...kind,
    schema: () => ({
      ...kind.schema(),
      description: `In the smallest unit of ${currency}. A number; past 2^53 a string, which no client rounds.`,
    }),
  })
}
