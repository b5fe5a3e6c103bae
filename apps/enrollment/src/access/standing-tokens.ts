import { ServerError } from '@touchmark/server';

/** Port: `exp` of an access token and whether it was revoked; undefined where none of that id was made here. */
export type FindStanding = (jti: string) => Promise<{ readonly exp: number; readonly revoked: boolean } | undefined>;

/** Access tokens of those who stay connected: a request that goes on for hours outlives the check at its beginning. */
export class StandingTokens {
  private readonly find: FindStanding;
  private readonly now: () => number;

  constructor(find: FindStanding, now: () => number) {
    this.find = find;
    this.now = now;
  }

  /** A check to be called again and again, which asks once a second. It throws TOKEN_EXPIRED, TOKEN_REVOKED. */
  watch(jti: string): () => Promise<void> {
    let askedAt = Number.NaN;
    let asked = Promise.resolve();
    return () => {
      const at = this.now();
      if (at !== askedAt) {
        askedAt = at;
        asked = this.check(jti, at);
      }
      return asked;
    };
  }

  private async check(jti: string, at: number): Promise<void> {
    const token = await this.find(jti);
    if (token === undefined || token.revoked) {
      throw new ServerError('TOKEN_REVOKED', { jti }, 'the access token was revoked');
    }
    const { exp } = token;
    if (exp <= at) throw new ServerError('TOKEN_EXPIRED', { exp, at }, 'the access token has expired');
  }
}
