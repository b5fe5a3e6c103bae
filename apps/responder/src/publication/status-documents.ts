import type { PublishedSigner } from '@touchmark/store';
import { encodePem } from '@touchmark/x509';
import { strongEtag } from '../conditional-get.js';
import type { FeedHub } from '../feed/feed-hub.js';
import type { FeedMessage } from '../feed/feed-message.js';
import type { Publication } from './publications.js';

/** What the feed begins with, for anyone: the newest snapshot, and the certificates of the keys that sign status. */
export class StatusDocuments {
  private readonly hub: FeedHub;
  private readonly now: () => number;
  private snapshotDocument: { readonly of: FeedMessage; readonly publication: Publication } | undefined;
  private signersDocument: { readonly of: readonly PublishedSigner[]; readonly publication: Publication } | undefined;

  constructor(hub: FeedHub, now: () => number) {
    this.hub = hub;
    this.now = now;
  }

  /** The signed message of docs/status-snapshot.md. It says itself how old it is. */
  snapshot(): Publication | 'unavailable' {
    const snapshot = this.hub.window?.snapshot;
    if (!snapshot) return 'unavailable';
    if (this.snapshotDocument?.of !== snapshot) {
      const { signed: body, time: lastModified } = snapshot;
      const publication = { body, etag: strongEtag(body), lastModified, nextUpdate: undefined };
      this.snapshotDocument = { of: snapshot, publication };
    }
    return this.snapshotDocument.publication;
  }

  /** PEM: the signers that are in date, and who issued them. */
  signers(): Publication | 'unavailable' {
    const all = this.hub.publishedSigners;
    const known = this.signersDocument;
    if (known?.of === all && this.now() < (known.publication.nextUpdate ?? 0)) return known.publication;
    const inDate = all.filter(({ notAfter }) => this.now() < notAfter);
    if (inDate.length === 0) return 'unavailable';
    const publication = signersPem(inDate);
    this.signersDocument = { of: all, publication };
    return publication;
  }
}

function signersPem(signers: readonly PublishedSigner[]): Publication {
  const issuers = new Map(signers.map(({ issuerCertificate: der }) => [Buffer.from(der).toString('latin1'), der]));
  const all = [...signers.map(({ certificate }) => certificate), ...issuers.values()];
  const body = Buffer.from(all.map((der) => encodePem('CERTIFICATE', der)).join(''), 'latin1');
  const nextUpdate = Math.min(...signers.map(({ notAfter }) => notAfter));
  return { body, etag: strongEtag(body), lastModified: undefined, nextUpdate };
}
