import type { CaPort } from '@touchmark/ca-port';
import type { Signer } from '@touchmark/issuance';
import { crlChannel, type Database } from '@touchmark/store';
import type { Log } from './log.js';
import { AnswerRequest } from './ocsp/answer-request.js';
import { Issuers } from './ocsp/issuers.js';
import { OcspHandler } from './ocsp/ocsp-handler.js';
import { generateMemorySigner } from './ocsp/memory-signer.js';
import { OcspSigners } from './ocsp/ocsp-signers.js';
import { Publications } from './publication/publications.js';
import type { ResponderSettings } from './responder-settings.js';
import { IssuedSeats } from './status-view/issued-seats.js';
import { JournalFollower } from './status-view/journal-follower.js';
import { StatusView } from './status-view/status-view.js';

export interface ResponderOptions {
  /** A role that may read schema `publication`, on the primary. */
  readonly db: Database;
  /** The same on connections of its own, for lists that take long to read; by default `db`. */
  readonly loadDb?: Database;
  readonly ca: Pick<CaPort, 'renewOcspSigners'>;
  /** UTC seconds. */
  readonly now: () => number;
  /** Makes a key for a delegated signer; by default one in memory. */
  readonly generateSigner?: () => Signer;
  readonly settings: ResponderSettings;
  readonly log: Log;
}

const TICK_MILLISECONDS = 1_000;

/** The responder's parts, joined, and the second hand that drives them. */
export class Responder {
  /** OCSP over HTTP; its `handle` may be put before the framework on the public listener. */
  readonly ocspHandler: OcspHandler;
  readonly publications: Publications;
  readonly view = new StatusView();
  private readonly follower: JournalFollower;
  private readonly signers: OcspSigners;
  private authorityIds: readonly string[] = [];
  private readonly db: Database;
  private listener: { close(): Promise<void> } | undefined;
  private ticking: NodeJS.Timeout | undefined;

  constructor({ db, loadDb = db, ca, now, generateSigner = generateMemorySigner, settings, log }: ResponderOptions) {
    const { view } = this;
    this.db = db;
    const issuers = new Issuers();
    const issuedSeats = new IssuedSeats(db, { loadDb, listsInMemory: settings.issuedListsInMemory, now, log });
    this.signers = new OcspSigners({ ca, generateSigner, now, log });
    const answerRequest = new AnswerRequest({ view, issuers, issuedSeats, signers: this.signers, now, log }, settings);
    this.ocspHandler = new OcspHandler(answerRequest);
    this.follower = new JournalFollower(db, view, {
      now,
      allowedLag: settings.allowedLag,
      onReload: () => answerRequest.forget(),
      log,
    });
    this.publications = new Publications(db, {
      now,
      onAuthorities: (authorities) => {
        issuers.load(authorities);
        this.authorityIds = authorities.flatMap(({ id, kind }) => (kind === 'root' ? [] : id));
      },
      log,
    });
  }

  /** Resolves when it can answer, or has found that it cannot yet: then it goes on trying by itself. */
  async start(): Promise<void> {
    // a NOTIFY and the connection to listen on both wake it; the second hand does where they are lost
    this.listener = await this.db.listen(crlChannel, () => void this.publications.refresh());
    await Promise.all([this.follower.start(), this.publications.refresh()]);
    await this.signers.renew(this.authorityIds);
    this.ticking = setInterval(() => this.tick(), TICK_MILLISECONDS);
  }

  async stop(): Promise<void> {
    clearInterval(this.ticking);
    await this.listener?.close();
    await this.follower.stop();
    await this.publications.settled();
  }

  /** Whether OCSP can be answered now, for readiness. */
  isReady(now: number, allowedLag: number): boolean {
    return this.view.isProven(now, allowedLag);
  }

  private tick(): void {
    void this.follower.refresh();
    void this.publications.refresh();
    void this.signers.renew(this.authorityIds);
  }
}
