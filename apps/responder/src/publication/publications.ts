import {
  type Database,
  type PublishedAuthority,
  publishedAuthorities,
  type PublishedCrl,
  readPublished,
  readPublishedCrl,
} from '@touchmark/store';
import { encodePem } from '@touchmark/x509';
import { strongEtag } from '../conditional-get.js';
import type { Log } from '../log.js';
import { SharedRefresh } from './shared-refresh.js';

/** A document and what HTTP says of it. Times are UTC seconds; `nextUpdate` undefined: it does not age. */
export interface Publication {
  readonly body: Uint8Array;
  /** Strong, quoted. */
  readonly etag: string;
  readonly lastModified: number | undefined;
  readonly nextUpdate: number | undefined;
}

interface HeldCrl extends Publication {
  readonly number: number;
  readonly lastModified: number;
  readonly nextUpdate: number;
  /** The list has ended: its last CRL stays where its URI points. */
  readonly retired: boolean;
}

export interface PublicationsOptions {
  /** UTC seconds. */
  readonly now: () => number;
  /** Called with all authorities when one was added. */
  readonly onAuthorities: (authorities: readonly PublishedAuthority[]) => void;
  readonly log: Log;
}

/**
 * CRLs and CA certificates in memory, so that they are served while the database is away; `refresh` looks once a second
 * whether there are newer ones.
 */
export class Publications {
  private readonly db: Database;
  private readonly options: PublicationsOptions;
  private readonly crls = new Map<number, HeldCrl>();
  private authorities = new Map<string, Publication>();
  private bundled: { readonly publication: Publication; readonly from: readonly HeldCrl[] } | undefined;
  private readonly shared: SharedRefresh;

  constructor(db: Database, options: PublicationsOptions) {
    this.db = db;
    this.options = options;
    this.shared = new SharedRefresh('CRLs', () => this.read(), options.log);
  }

  /** Never rejects. */
  refresh(): Promise<void> {
    return this.shared.run();
  }

  /** Resolves once nothing is being read. */
  settled(): Promise<void> {
    return this.shared.settled();
  }

  /** `unavailable`: there is one, but past its nextUpdate it says nothing that anybody may rely on. */
  crl(listId: number): Publication | 'unavailable' | undefined {
    const held = this.crls.get(listId);
    if (!held || this.isServed(held)) return held;
    return 'unavailable';
  }

  /** PEM of all current CRLs, for gateways that take one file; they refuse where one is missing. */
  allCrls(): Publication | 'unavailable' {
    const current = [...this.crls.values()].filter((crl) => !crl.retired && this.isServed(crl));
    if (current.length === 0) return 'unavailable';
    const unchanged =
      this.bundled?.from.length === current.length && this.bundled.from.every((crl, i) => crl === current[i]);
    if (!this.bundled || !unchanged) this.bundled = { publication: bundle(current), from: current };
    return this.bundled.publication;
  }

  authority(id: string): Publication | undefined {
    return this.authorities.get(id);
  }

  private isServed(crl: HeldCrl): boolean {
    return crl.retired || this.options.now() < crl.nextUpdate;
  }

  private async read(): Promise<void> {
    const published = await readPublished(this.db);
    if (published.authorityIds.some((id) => !this.authorities.has(id))) await this.readAuthorities();
    for (const { listId, number, retired } of published.crls) {
      const held = this.crls.get(listId);
      // numbers only grow (rule 9): a lower one comes from a database that went back
      if (held && (held.number > number || (held.number === number && held.retired === retired))) continue;
      const crl = await readPublishedCrl(this.db, listId);
      if (crl && crl.number >= (held?.number ?? 0)) this.crls.set(listId, hold(crl, retired));
    }
  }

  private async readAuthorities(): Promise<void> {
    const authorities = await publishedAuthorities(this.db);
    this.authorities = new Map(
      authorities.map(({ id, certificate }) => [
        id,
        { body: certificate, etag: strongEtag(certificate), lastModified: undefined, nextUpdate: undefined },
      ]),
    );
    this.options.onAuthorities(authorities);
  }
}

function hold({ number, thisUpdate, nextUpdate, der }: PublishedCrl, retired: boolean): HeldCrl {
  return { number, body: der, etag: strongEtag(der), lastModified: thisUpdate, nextUpdate, retired };
}

function bundle(crls: readonly HeldCrl[]): Publication {
  const body = Buffer.from(crls.map(({ body: der }) => encodePem('X509 CRL', der)).join(''), 'latin1');
  return {
    body,
    etag: strongEtag(body),
    lastModified: Math.max(...crls.map((crl) => crl.lastModified)),
    nextUpdate: Math.min(...crls.map((crl) => crl.nextUpdate)),
  };
}
