/**
 * The functions by which a session enters a transaction, and what keeps the model's users and organizations as the
 * accounts have them. The tables of accounts are in a schema of their own, which the API role can't reach.
 */
import type { Model } from "../model/model.ts"
import { quoteName, tableOf } from "../policy/to-sql.ts"
import type { RoleNames } from "./roles.ts"

const definer = "language plpgsql security definer set search_path = pg_catalog, pg_temp"

/** Which tables of accounts there are beside the first ones. */
export interface AccountsPlan {
  readonly apiKeys: boolean
}

/** How long a session may be used before that is written down again. */
const seenEvery = "interval '1 minute'"

/**
 * `session_claims` gives what is known of a session, or of an API key, by the digest of its token, and null where it is none, has ended, or waits for its second
 * factor. `enter_session` has it enter this transaction if that is still what the process knows: otherwise UC610 with
 * what is so now. One that is not good is refused like an unknown caller, here and on every node at once.
 */
export function sessionFunctions(roles: RoleNames, { apiKeys }: AccountsPlan): string[] {
  const owned = `array_remove(string_to_array(coalesce(u.role, ''), ','), '')`
  const isLocked = `coalesce(u.banned and coalesce(u."banExpires" > moment, true), false)`
  const stamp = (column: string): string =>
    `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`
  // A key is kept under the same digest, written in another way. It has the roles of its owner, or those of them that it names.
  const keyClaims = `select jsonb_build_object('id', u.id, 'roles', (select coalesce(jsonb_agg(one.role), '[]') from unnest(${owned}) one(role)
        where k.metadata is null or not k.metadata::jsonb ? 'roles' or k.metadata::jsonb -> 'roles' ? one.role),
      'claims', jsonb_build_object('key', k.id, 'assurance', 'one-factor', 'methods', jsonb_build_array('api-key'), 'authenticatedAt', ${stamp('k."createdAt"')}))
    into claims
    from accounts.apikey k join accounts."user" u on u.id::text = k."referenceId"::text
    where k.key = translate(rtrim(encode(decode(hash, 'hex'), 'base64'), '='), '+/', '-_')
      and k.enabled and coalesce(k."expiresAt" > moment, true) and not ${isLocked};
    return claims::text;`
  return [
    `create function undercroft.session_claims(hash text) returns text volatile ${definer} parallel unsafe as $undercroft$
declare claims jsonb; seen timestamptz; moment timestamptz := clock_timestamp();
begin
  select jsonb_build_object('id', u.id, 'roles', to_jsonb(${owned}),
      'claims', jsonb_build_object('session', s.id, 'assurance', s.assurance, 'methods', to_jsonb(string_to_array(s.methods, ',')),
        'authenticatedAt', ${stamp('s."authenticatedAt"')}, 'onBehalf', s."impersonatedBy")), s."seenAt"
    into claims, seen
    from accounts.session s join accounts."user" u on u.id = s."userId"
    where s.token = hash and s."expiresAt" > moment and s."seenAt" + make_interval(secs => s."idleSeconds") > moment
      and not ${isLocked}
      and (s.assurance = 'two-factor' or not coalesce(u."twoFactorEnabled", false));
  if claims is null then
    ${apiKeys ? keyClaims : "return null;"}
  end if;
  if seen < moment - ${seenEvery} then
    update accounts.session set "seenAt" = moment where id in (
      select id from accounts.session where token = hash for update skip locked);
  end if;
  return claims::text;
end $undercroft$`,
    `create function undercroft.enter_session(hash text, known text) returns void volatile ${definer} parallel unsafe as $undercroft$
declare claims text := undercroft.session_claims(hash);
begin
  if claims is null then raise exception using errcode = '28000', message = 'unknown session'; end if;
  if known is distinct from claims then raise exception using errcode = 'UC610', message = 'other claims', detail = claims; end if;
  perform set_config('undercroft.caller', undercroft.bind(claims), true);
end $undercroft$`,
    ...["session_claims(text)", "enter_session(text, text)"].flatMap((name) => [
      `alter function undercroft.${name} owner to ${quoteName(roles.internal)}`,
      `revoke all on function undercroft.${name} from public`,
      `grant execute on function undercroft.${name} to ${quoteName(roles.api)}`,
    ]),
  ]
}

/** A table of accounts, and the entity that follows it. */
interface Mirror {
  readonly source: string
  readonly entity: string
  /** Column of the entity's table, and what of the source's row it holds. */
  readonly columns: Readonly<Record<string, string>>
}

const mirrors: readonly Mirror[] = [
  {
    source: "user",
    entity: "User",
    columns: {
      name: "name",
      email: "email",
      roles: "array_remove(string_to_array(coalesce(role, ''), ','), '')",
    },
  },
  { source: "organization", entity: "Organization", columns: { name: "name", slug: "slug" } },
  {
    source: "member",
    entity: "Membership",
    columns: { user: '"userId"', organization: '"organizationId"', role: "role" },
  },
]

/** Has the entities of accounts follow them: in the same transaction, whoever writes. */
export function mirrorAccounts(model: Model, roles: RoleNames): string[] {
  return mirrors.flatMap(({ source, entity, columns }) => {
    const info = model.byName.get(entity)
    if (!info) return []
    const table = tableOf(info)
    const names = ["id", ...Object.keys(columns).map((field) => info.fieldByName.get(field)!.column)].map(
      quoteName,
    )
    const values = ["id", ...Object.values(columns)].join(", ")
    const changes = names.slice(1).map((name) => `${name} = excluded.${name}`)
    const put = (where: string): string =>
      `insert into ${table} (${names.join(", ")}) select ${values} from accounts.${quoteName(source)}${where} on conflict (id) do update set ${changes.join(", ")}`
    const name = `undercroft.mirror_${source}()`
    return [
      `create function ${name} returns trigger volatile ${definer} parallel unsafe as $undercroft$
begin
  if tg_op = 'DELETE' then delete from ${table} where id = old.id; return null; end if;
  ${put(" where id = new.id")};
  return null;
end $undercroft$`,
      `alter function ${name} owner to ${quoteName(roles.internal)}`,
      `revoke all on function ${name} from public`,
      `create trigger mirror after insert or update or delete on accounts.${quoteName(source)} for each row execute function ${name}`,
      `alter table accounts.${quoteName(source)} enable always trigger mirror`,
      // What was there before the entity was.
      `set local role ${quoteName(roles.internal)}`,
      put(""),
      "reset role",
    ]
  })
}
