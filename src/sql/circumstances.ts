/** The circumstances of a request, which the record tells beside the caller: sealed by the process, bound by the database. */
import { hash } from "node:crypto"
import { quoteLiteral } from "../model/value.ts"
import { quoteName } from "../policy/to-sql.ts"
import { binding, sealOf } from "./caller.ts"
import type { RoleNames } from "./roles.ts"

/** By which door a request came, from where, and what for. */
export interface Circumstances {
  /** rest, graphql, rpc, auth, cli, live, system. */
  readonly door: string
  /** The request's identifier; null where there is no request. */
  readonly request: string | null
  readonly address: string | null
  /** The purpose of use that the request states. */
  readonly purpose: string | null
}

/** What is said of one transaction beside its circumstances. */
export interface AskedFor extends Circumstances {
  /** The actions that run in it. */
  readonly action?: string
  /** Its statements are the engine's, and record themselves what they read. */
  readonly precise?: boolean
  /** Nothing is written but the record. */
  readonly readOnly?: boolean
}

/** Binds circumstances to a transaction that its caller has entered. */
export const askText = "select undercroft.ask($1, $2)"

/** The two parameters of `askText`. */
export function askValues(asked: AskedFor, key: Buffer): readonly [string, string] {
  return sealedText("asked.", JSON.stringify(asked), key)
}

/** Puts one entry on record: the process says what it is, sealed. */
export const recordText = "select undercroft.record($1, $2)"

/** What the process itself puts on record. */
export interface ToldEntry {
  readonly kind: string
  /** Left out: the caller of the transaction. */
  readonly actor?: string
  readonly entity?: string
  readonly result?: string
  readonly fields?: readonly string[]
  /** Whose data it is: `Patient:<key>`. */
  readonly subjects?: readonly string[]
  readonly rows?: readonly string[]
  readonly question?: unknown
  readonly detail?: unknown
}

/** The two parameters of `recordText`. */
export function recordValues(entry: ToldEntry, key: Buffer): readonly [string, string] {
  return sealedText("entry.", JSON.stringify(entry), key)
}

/** What is sealed begins with a word of its own, so that no other seal of the same key is one. */
export function sealedText(prefix: string, text: string, key: Buffer): readonly [string, string] {
  const inner = hash("sha256", Buffer.concat([key, Buffer.from(prefix + text)]), "buffer")
  return [text, hash("sha256", Buffer.concat([key, inner]), "hex")]
}

const definer = "language plpgsql security definer set search_path = pg_catalog, pg_temp"

/** What is said before a connection's number is sealed: on it, every statement is the engine's. */
export const lanePrefix = "lane."

/** Tells a connection that it is one of the engine's; no other one can be told so with the same seal. */
export function laneStatement(pid: number, key: Buffer): { text: string; values: string[] } {
  const [, seal] = sealedText(lanePrefix, String(pid), key)
  return { text: "select set_config('undercroft.lane', $1, false)", values: [seal] }
}

/** Whether a text was sealed by the process under a prefix. */
export const isSealed = (prefix: string, name: string, seal = "seal"): string =>
  `${seal} = ${sealOf(`${quoteLiteral(prefix)} || ${name}`)}`

/** What an entry says of who asks, by column: from `told`, what is bound, and its parts `asked` and `claims`. */
const isOther = "(claims ->> 'onBehalf' is not null and claims ->> 'session' is not null)"
const caller = "coalesce('user:' || nullif(told ->> 'id', ''), 'anonymous')"
const asker: Readonly<Record<string, string>> = {
  // An administrator who acts as somebody else is the actor, on behalf of whom the session is.
  actor: `case when ${isOther} then 'user:' || (claims ->> 'onBehalf') else ${caller} end`,
  on_behalf: `case when ${isOther} then ${caller} end`,
  roles: `case when jsonb_typeof(told -> 'roles') = 'array' then array(select jsonb_array_elements_text(told -> 'roles')) else '{}' end`,
  assurance: "claims ->> 'assurance'",
  credential: `coalesce('session:' || (claims ->> 'session'), 'key:' || (claims ->> 'key'), 'token:' || (told ->> 'issuer'))`,
  door: "case when asked is null then 'database' else asked ->> 'door' end",
  request: "asked ->> 'request'",
  address: "asked ->> 'address'",
  purpose: "asked ->> 'purpose'",
  detail: "case when asked ? 'action' then jsonb_build_object('action', asked -> 'action') end",
}
export const askerColumns: readonly string[] = Object.keys(asker)
export const askerValues: string = Object.values(asker).join(", ")
/** The variables that they are made from. */
const askerVariables =
  "told jsonb := undercroft.me(); asked jsonb := told -> 'asked'; claims jsonb := told -> 'claims';"

/**
 * `ask` puts the circumstances beside the caller, under one seal: SQL that takes them away takes the caller away, too, and
 * then the API role writes nothing. `who` begins an entry with them; `record` writes what the process says.
 */
export function circumstanceFunctions(roles: RoleNames): string[] {
  const [api, accounts] = [roles.api, roles.accounts].map(quoteLiteral)
  const internal = quoteName(roles.internal)
  return [
    `create function undercroft.ask(context text, seal text) returns void volatile ${definer} parallel unsafe as $undercroft$
declare told jsonb := undercroft.me(); bound text;
begin
  -- What the process sealed is JSON: of an anonymous caller nothing else is bound.
  bound := case when coalesce(told, '{}') = '{}' then '{"asked":' || context || '}' else left(told::text, -1) || ', "asked":' || context || '}' end;
  perform set_config('undercroft.caller', ${binding("bound")} || bound, true) from undercroft_state.keys where ${isSealed("asked.", "context")};
  if not found then raise exception using errcode = '28000', message = 'unknown circumstances'; end if;
end $undercroft$`,
    `create function undercroft.who(writes boolean) returns audit.pending volatile ${definer} parallel unsafe as $undercroft$
declare e audit.pending; request jsonb; ${askerVariables}
begin
  e.id := gen_random_uuid(); e.at := clock_timestamp(); e.result := 'done';
  if told is null then
    e.roles := '{}'; e.door := 'database';
    if session_user = ${api} then raise exception using errcode = '28000', message = 'nobody asks'; end if;
    e.actor := 'database:' || session_user;
    if session_user = ${accounts} then
      request := coalesce(nullif(current_setting('undercroft.request', true), ''), '{}')::jsonb;
      e.actor := coalesce('user:' || nullif(request ->> 'actor', ''), case when request ->> 'request' is null then 'system:accounts' else 'anonymous' end);
      e.credential := 'session:' || (request ->> 'session'); e.door := 'auth'; e.address := request ->> 'address'; e.request := request ->> 'request';
    end if;
    return e;
  end if;
  -- A part of the backend that acts for nobody; only the internal role can say so.
  if told ? 'system' then e.roles := '{}'; e.actor := 'system:' || (told ->> 'system'); e.door := 'system'; return e; end if;
  if writes and (asked ->> 'readOnly')::boolean then raise exception using errcode = '25006', message = 'read only'; end if;
  -- One query: each assignment would be one more expression to make ready in every transaction.
  select ${askerValues} into ${askerColumns.map((one) => `e.${one}`).join(", ")};
  return e;
end $undercroft$`,
    `create function undercroft.record(entry text, seal text) returns void volatile ${definer} parallel unsafe as $undercroft$
declare e audit.pending; told jsonb;
begin
  if not exists (select 1 from undercroft_state.keys where ${isSealed("entry.", "entry")}) then raise exception using errcode = '28000', message = 'unknown entry'; end if;
  told := entry::jsonb;
  e := undercroft.who(false);
  e.kind := told ->> 'kind'; e.actor := coalesce(told ->> 'actor', e.actor); e.entity := told ->> 'entity'; e.question := told -> 'question';
  e.result := coalesce(told ->> 'result', 'done'); e.detail := nullif(coalesce(e.detail, '{}') || coalesce(told -> 'detail', '{}'), '{}');
  if told ? 'fields' then e.fields := array(select jsonb_array_elements_text(told -> 'fields')); end if;
  if told ? 'subjects' then e.subjects := array(select jsonb_array_elements_text(told -> 'subjects')); end if;
  if told ? 'rows' then e.rows := array(select jsonb_array_elements_text(told -> 'rows')); end if;
  insert into audit.pending values (e.*);
end $undercroft$`,
    ...["ask(text, text)", "who(boolean)", "record(text, text)"].flatMap((name) => [
      `alter function undercroft.${name} owner to ${internal}`,
      `revoke all on function undercroft.${name} from public`,
      ...(name === "who(boolean)"
        ? []
        : [`grant execute on function undercroft.${name} to ${quoteName(roles.api)}`]),
    ]),
  ]
}
