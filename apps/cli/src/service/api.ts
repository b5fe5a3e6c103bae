import { z } from 'zod';
import { CliError } from '../cli-error.js';
import type { Profile } from '../profile.js';
import { tokenOf } from '../profile.js';
import { type HttpAnswer, send } from './http.js';
import { parseJson, refusalOf } from './refusal.js';

/** An object of the API as it came; `--json` prints it unchanged. */
export type Resource = Readonly<Record<string, unknown>>;

export interface Page {
  readonly items: readonly Resource[];
  /** There is more, beyond what was asked for. */
  readonly next?: string | undefined;
}

export type Query = Readonly<Record<string, string | number | undefined>>;

const ResourceSchema = z.record(z.string(), z.unknown());
const PageSchema = z.object({ items: z.array(ResourceSchema), next: z.string().optional() });
const LARGEST_PAGE = 1000;

/** The JSON API with one bearer token. Throws what `refusalOf` and `send` make of failures. */
export class Api {
  readonly profile: Profile;

  constructor(profile: Profile) {
    this.profile = profile;
  }

  async get(path: string): Promise<Resource> {
    return this.read(await this.call('GET', path), ResourceSchema);
  }

  /** Undefined where the service says 404. */
  async find(path: string): Promise<Resource | undefined> {
    const answer = await this.exchange('GET', path);
    if (answer.status === 404) return undefined;
    return this.read(this.checked(answer), ResourceSchema);
  }

  async post(path: string, body: object = {}): Promise<Resource> {
    const answer = await this.call('POST', path, body);
    return answer.status === 204 ? {} : this.read(answer, ResourceSchema);
  }

  async put(path: string): Promise<Resource> {
    return this.read(await this.call('PUT', path), ResourceSchema);
  }

  async delete(path: string): Promise<Resource> {
    return this.read(await this.call('DELETE', path), ResourceSchema);
  }

  /** So many items of a list, over as many pages as that takes. `cursor` is the parameter that a page's `next` goes into. */
  async list(path: string, cursor: 'after' | 'before', limit: number, query: Query = {}): Promise<Page> {
    const items: Resource[] = [];
    let next: string | undefined;
    do {
      const size = Math.min(LARGEST_PAGE, limit - items.length);
      const page = this.read(
        await this.call('GET', withQuery(path, { ...query, [cursor]: next, limit: size })),
        PageSchema,
      );
      items.push(...page.items);
      next = page.next;
    } while (next !== undefined && items.length < limit);
    return { items, ...(next !== undefined && { next }) };
  }

  private async call(method: string, path: string, body?: object): Promise<HttpAnswer> {
    return this.checked(await this.exchange(method, path, body));
  }

  private exchange(method: string, path: string, body?: object): Promise<HttpAnswer> {
    const { url, ca } = this.profile;
    const headers = {
      Authorization: `Bearer ${tokenOf(this.profile)}`,
      ...(body && { 'Content-Type': 'application/json' }),
    };
    return send({ method, url: `${url}${path}`, ca, headers, body: body && JSON.stringify(body) });
  }

  private checked(answer: HttpAnswer): HttpAnswer {
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw refusalOf(answer, this.profile.url);
  }

  private read<T>(answer: HttpAnswer, schema: z.ZodType<T>): T {
    const result = schema.safeParse(parseJson(answer.body));
    if (result.success) return result.data;
    const hint = 'Is this address the REST API of Touchmark, in the version of this command?';
    throw new CliError('ANSWER_MALFORMED', `${this.profile.url} answered something else than expected`, { hint });
  }
}

function withQuery(path: string, query: Query): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, String(value));
  return given.size === 0 ? path : `${path}?${given.toString()}`;
}
