import { BullmqQueue, OutboxRelay, quietLosses } from '@touchmark/jobs';
import { Closing, type RandomBytes } from '@touchmark/server';
import { Database, SERVING_LOCK } from '@touchmark/store';
import type { Logger } from 'pino';
import type { Ca } from './ca.js';
import { startCaJobs } from './ca-jobs.js';
import { type NewHierarchy, openCa, type OpenCaSettings } from './open-ca.js';

export interface CaServiceOptions {
  /** As the CA's role. */
  readonly databaseUrl: string;
  readonly redisUrl?: string | undefined;
  /** Folder of the issuing keys. */
  readonly issuingKeys: string;
  /** For who may make a hierarchy where there is none; without it there must be one. */
  readonly newHierarchy?: NewHierarchy;
  readonly settings: OpenCaSettings;
  readonly now: () => number;
  readonly randomBytes: RandomBytes;
  readonly logger: Logger;
}

/** The CA over its database and keys. It serves nobody by itself: who composes it hands out ports. */
export interface CaService {
  readonly ca: Ca;
  /** For readiness. */
  readonly db: Database;
  /** Begins what runs without being asked: the publisher of status, the relay of the outbox, and the workers of the queue. */
  startWork(): Promise<{ stop(): Promise<void> }>;
  close(): Promise<void>;
}

export async function openCaService(options: CaServiceOptions): Promise<CaService> {
  const { databaseUrl: url, redisUrl, logger } = options;
  const onError = (err: unknown): void => logger.error({ err }, 'the CA failed');
  const closing = new Closing();
  const pool = async (purpose: string, poolSize: number): Promise<Database> => {
    const db = await Database.open({
      url,
      poolSize,
      applicationName: `touchmark ca${purpose}`,
      onBackgroundError: (err) => logger.warn({ err }, 'a database connection was lost'),
    });
    closing.add(() => db.close());
    return db;
  };
  try {
    // a storm of devices never keeps a revocation, or the lease of a seat, waiting for a connection
    const db = await pool('', 8);
    const statusDb = await pool(' status', 4);
    const seatDb = await pool(' seats', 2);
    const ca = await openCa({ ...options, db, statusDb, seatDb, onError });
    return {
      ca,
      db,
      async startWork() {
        const work = new Closing();
        try {
          // a restore must not begin meanwhile
          const serving = await statusDb.hold(SERVING_LOCK);
          work.add(() => serving.release());
          const publisher = await ca.startStatusPublisher();
          work.add(() => publisher.stop());
          await ca.refreshCrl.catchUp();
          work.add(ca.startUpkeep());
          const report = quietLosses(onError);
          const queue = new BullmqQueue({
            databaseUrl: url,
            ...(redisUrl !== undefined && { redisUrl }),
            onError: report,
          });
          work.add(() => queue.close());
          await startCaJobs(queue, ca);
          const relay = await OutboxRelay.start({ database: db, queue, onError });
          work.add(() => relay.stop());
        } catch (error) {
          await work.run();
          throw error;
        }
        return { stop: () => work.run() };
      },
      close: () => closing.run(),
    };
  } catch (error) {
    await closing.run();
    throw error;
  }
}
