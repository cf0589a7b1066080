/** Every question there is. */
import type { Question } from "./question.ts"
import { insert } from "./questions/insert.ts"
import { list } from "./questions/list.ts"
import { nested } from "./questions/nested.ts"
import { nestedGraphql } from "./questions/nested-graphql.ts"
import { readByKey } from "./questions/read-by-key.ts"
import { update } from "./questions/update.ts"

/** Reads first: what a write leaves behind in the tables is then nobody's disadvantage. */
export const questions: readonly Question[] = [readByKey, list, nested, nestedGraphql, update, insert]
