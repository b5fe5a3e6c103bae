import { type Database, type PublishedToken, readPublishedToken, readTokenTimes } from '@touchmark/store';
import { strongEtag } from '../conditional-get.js';
import type { Log } from '../log.js';
import type { Publication } from './publications.js';
import { SharedRefresh } from './shared-refresh.js';

interface HeldToken extends Publication {
  readonly token: Omit<PublishedToken, 'jwt'>;
  readonly nextUpdate: number;
}

export interface StatusTokensOptions {
  /** UTC seconds. */
  readonly now: () => number;
  readonly log: Log;
}

/** The Status List Tokens in memory, so that they are served while the database is away, until their `exp`. */
export class StatusTokens {
  private readonly db: Database;
  private readonly options: StatusTokensOptions;
  private readonly tokens = new Map<number, HeldToken>();
  private readonly shared: SharedRefresh;

  constructor(db: Database, options: StatusTokensOptions) {
    this.db = db;
    this.options = options;
    this.shared = new SharedRefresh('status tokens', () => this.read(), options.log);
  }

  /** Looks whether there are newer ones. Never rejects. */
  refresh(): Promise<void> {
    return this.shared.run();
  }

  /** Resolves once nothing is being read. */
  settled(): Promise<void> {
    return this.shared.settled();
  }

  /** `unavailable`: there is one, past its `exp`. */
  get(listId: number): Publication | 'unavailable' | undefined {
    const held = this.tokens.get(listId);
    if (!held || this.options.now() < held.nextUpdate) return held;
    return 'unavailable';
  }

  private async read(): Promise<void> {
    for (const time of await readTokenTimes(this.db)) {
      const held = this.tokens.get(time.listId);
      if (held && !isLater(time, held.token)) continue;
      const token = await readPublishedToken(this.db, time.listId);
      if (token && (!held || isLater(token, held.token))) this.tokens.set(token.listId, hold(token));
    }
  }
}

type Made = Pick<PublishedToken, 'epoch' | 'sequence' | 'iat'>;

/** Never back (rule 9): one from an earlier epoch comes from a database that is older than what was seen of it. */
function isLater(one: Made, other: Made): boolean {
  if (one.epoch !== other.epoch) return one.epoch > other.epoch;
  return one.sequence === other.sequence ? one.iat > other.iat : one.sequence > other.sequence;
}

function hold({ jwt, ...token }: PublishedToken): HeldToken {
  const body = Buffer.from(jwt, 'latin1');
  return { token, body, etag: strongEtag(body), lastModified: token.iat, nextUpdate: token.exp };
}
