import type { CaPort } from '@touchmark/ca-port';
import type { Signer } from '@touchmark/issuance';
import { crlChannel, type Database, statusChannel } from '@touchmark/store';
import { AdmitGateway } from './feed/admit-gateway.js';
import { Feed } from './feed/feed.js';
import { FeedHub } from './feed/feed-hub.js';
import { FeedLimits } from './feed/feed-limits.js';
import { storedMessages } from './feed/status-messages.js';
import type { Log } from './log.js';
import { AnswerRequest } from './ocsp/answer-request.js';
import { Issuers } from './ocsp/issuers.js';
import { OcspHandler } from './ocsp/ocsp-handler.js';
import { generateMemorySigner } from './ocsp/memory-signer.js';
import { OcspSigners } from './ocsp/ocsp-signers.js';
import { Publications } from './publication/publications.js';
import { StatusDocuments } from './publication/status-documents.js';
import { StatusTokens } from './publication/status-tokens.js';
import type { ResponderSettings } from './responder-settings.js';
import { IssuedSeats } from './status-view/issued-seats.js';
import { JournalFollower } from './status-view/journal-follower.js';
import { SeatStatus } from './status-view/seat-status.js';
import { StatusView } from './status-view/status-view.js';

export interface ResponderOptions {
  /** A role that may read schema `publication`, on the primary. */
  readonly db: Database;
  /** The same on connections of its own, for lists that take long to read; by default `db`. */
  readonly loadDb?: Database;
  readonly ca: Pick<CaPort, 'renewOcspSigners'>;
  /** SPIFFE trust domain name of the gateways that may follow the status feed. */
  readonly realm: string;
  /** Filled here with what the journal says; handed in by who asks it as well. */
  readonly seatStatus?: SeatStatus;
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
  readonly statusTokens: StatusTokens;
  readonly statusDocuments: StatusDocuments;
  readonly feed: Feed;
  readonly feedHub: FeedHub;
  readonly view: StatusView;
  private readonly follower: JournalFollower;
  private readonly signers: OcspSigners;
  private authorityIds: readonly string[] = [];
  private readonly db: Database;
  private listeners: { close(): Promise<void> }[] = [];
  private ticking: NodeJS.Timeout | undefined;

  constructor(options: ResponderOptions) {
    const { db, loadDb = db, ca, realm, now, generateSigner = generateMemorySigner, settings, log } = options;
    const { seatStatus = new SeatStatus(new StatusView()) } = options;
    const { view } = seatStatus;
    this.view = view;
    this.db = db;
    const issuers = new Issuers();
    const issuedSeats = new IssuedSeats(db, { loadDb, listsInMemory: settings.issuedListsInMemory, now, log });
    this.signers = new OcspSigners({ ca, generateSigner, now, log });
    const answerRequest = new AnswerRequest({ view, issuers, issuedSeats, signers: this.signers, now, log }, settings);
    this.ocspHandler = new OcspHandler(answerRequest);
    const isProven = (): boolean => view.isProven(now(), settings.allowedLag);
    const admitGateway = new AdmitGateway({ realm, seatStatus, isProven, now });
    this.feedHub = new FeedHub(storedMessages(db), log);
    const limits = new FeedLimits({
      streams: settings.feedStreams,
      streamsPerGateway: settings.feedStreamsPerGateway,
      connectsPerMinute: settings.feedConnectsPerMinute,
    });
    this.feed = new Feed({ hub: this.feedHub, admitGateway, limits, log });
    this.statusTokens = new StatusTokens(db, { now, log });
    this.statusDocuments = new StatusDocuments(this.feedHub, now);
    this.follower = new JournalFollower(db, view, {
      now,
      allowedLag: settings.allowedLag,
      onReload: () => answerRequest.forget(),
      onProven: () => this.feed.judge(),
      log,
    });
    this.publications = new Publications(db, {
      now,
      onAuthorities: (authorities) => {
        issuers.load(authorities);
        seatStatus.load(authorities);
        admitGateway.load(authorities);
        this.authorityIds = authorities.flatMap(({ id, kind }) => (kind === 'root' ? [] : id));
      },
      log,
    });
  }

  /** Resolves when it can answer, or has found that it cannot yet: then it goes on trying by itself. */
  async start(): Promise<void> {
    // a NOTIFY and the connection to listen on both wake it; the second hand does where they are lost
    this.listeners = await Promise.all([
      this.db.listen(crlChannel, () => this.refreshPublications()),
      this.db.listen(statusChannel, () => void this.feedHub.refresh()),
    ]);
    await Promise.all([
      this.follower.start(),
      this.publications.refresh(),
      this.statusTokens.refresh(),
      this.feedHub.refresh(),
    ]);
    await this.signers.renew(this.authorityIds);
    this.ticking = setInterval(() => this.tick(), TICK_MILLISECONDS);
  }

  async stop(): Promise<void> {
    clearInterval(this.ticking);
    this.feed.close();
    await Promise.all(this.listeners.map((listener) => listener.close()));
    await this.follower.stop();
    await Promise.all([this.publications.settled(), this.statusTokens.settled(), this.feedHub.settled()]);
  }

  /** Whether OCSP can be answered now, for readiness. */
  isReady(now: number, allowedLag: number): boolean {
    return this.view.isProven(now, allowedLag);
  }

  private tick(): void {
    void this.follower.refresh();
    void this.feedHub.refresh();
    this.refreshPublications();
    void this.signers.renew(this.authorityIds);
    this.feed.tick();
  }

  private refreshPublications(): void {
    void this.publications.refresh();
    void this.statusTokens.refresh();
  }
}
