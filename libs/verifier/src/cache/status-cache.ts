import { join } from 'node:path';

import { toHex } from '@touchmark/der';
import {
  type Applied,
  decodeSigned,
  decodeSnapshot,
  encodeSignerRecord,
  payloadHash,
  readStatusFile,
  type SignerRecord,
  StatusListError,
} from '@touchmark/status-list';

import { builtins } from '../builtins.js';
import { FeedError } from '../feed-error.js';
import { CachedMessages } from './cached-messages.js';

const MESSAGES = 'status';
const HEAD = 'head';
/** Signers that are appended before those of whom nothing is kept any more are forgotten. */
const MORE_SIGNERS = 32;
const MAX_FILE_OCTETS = 64 * 2 ** 20;
/** Seconds after which a temporary file is nobody's any more. */
const LEFT_OVER_AFTER = 60;

/** Who judges what was kept, exactly as what the network brings. */
export interface CacheJudge {
  signer(record: SignerRecord): void;
  message(message: Uint8Array): Applied;
}

export interface StatusCacheOptions {
  readonly folder: string;
  /** Names this process among those that write here, for temporary files. */
  readonly writer: string;
  /** Seconds between heads that are written. */
  readonly headInterval: number;
  /** Seconds until the next try after the folder could not be written. */
  readonly retryAfter: number;
  /** Told when the folder cannot be read or written, and with undefined when it can again. */
  readonly onTrouble: (error: FeedError | undefined) => void;
  /** The record of a signer whose message was taken. */
  readonly signerOf: (keyId: Uint8Array) => SignerRecord | undefined;
  /** Whether a snapshot and batches prove exactly what is known. */
  readonly proves: (messages: readonly Uint8Array[]) => boolean;
  /** The file has grown: a younger snapshot would make it short. */
  readonly onGrown: () => void;
}

/**
 * The last proven state in a folder, as the signed messages that prove it: `status` holds signers, a snapshot and the batches after
 * it, `head` the last head. Everything is replaced by renaming or appended, so a reader finds whole messages, and at worst fewer of
 * them; nothing is believed for having been here. It works in the background: nobody waits for the disk.
 */
export class StatusCache {
  private readonly options: StatusCacheOptions;
  private content = new CachedMessages();
  /** Records of those who signed what is kept, by key id. */
  private readonly signers = new Map<string, Uint8Array>();
  private signersWritten = 0;
  private appends: Uint8Array[] = [];
  private head: { readonly message: Uint8Array; readonly time: number } | undefined;
  private headWritten = Number.NEGATIVE_INFINITY;
  private rewrite = false;
  private troubled = false;
  private working: Promise<void> | undefined;
  private retry: NodeJS.Timeout | undefined;

  constructor(options: StatusCacheOptions) {
    this.options = options;
  }

  /** Hands everything that was kept to the judge, and keeps what it takes. Never throws for what is in the folder. */
  async load(judge: CacheJudge): Promise<void> {
    const octets = await this.read(MESSAGES);
    if (octets !== undefined) {
      const { signers, messages, whole } = readStatusFile(octets);
      const taken = [
        ...signers.map((record) => this.tryKeep(() => judge.signer(record))),
        ...messages.map((message) => this.loadMessage(judge, message)),
      ];
      // Nothing is appended to a file that is not understood to its end.
      this.rewrite = !whole || taken.includes(false);
    }
    this.appends = [];
    const head = await this.read(HEAD);
    if (head !== undefined) this.loadMessage(judge, head);
    await this.probe();
  }

  /** A message that was just taken, in octets that nobody changes. */
  message(applied: Applied, message: Uint8Array): void {
    this.keepMessage(applied, message);
    this.work();
    if (this.content.hasGrown()) this.options.onGrown();
  }

  /**
   * A message that was refused only because nothing in it is younger than what is known. A snapshot of the way there makes a file that
   * has grown short again, if it and the batches after it prove all that is known: it was not taken, so nothing else says so.
   */
  olderSnapshot(message: Uint8Array): void {
    const { type, payload } = decodeSigned(message);
    if (type !== 'snapshot' || !this.content.isLong) return;
    const { sequence, batchHash } = decodeSnapshot(payload);
    const shorter = this.content.from(message, sequence, batchHash);
    if (shorter === undefined || !this.options.proves(shorter.all())) return;
    this.content = shorter;
    this.keepSigner(message);
    this.rewrite = true;
    this.work();
  }

  /** Writes the last head, and what could not be written before, and waits for the disk. */
  async close(): Promise<void> {
    if (this.head !== undefined && this.head.time > this.headWritten) this.headWritten = Number.NEGATIVE_INFINITY;
    // What is under way may fail, and would wait for the time of its next try.
    await this.working;
    this.forgetRetry();
    this.work();
    await this.working;
    this.forgetRetry();
  }

  private forgetRetry(): void {
    clearTimeout(this.retry);
    this.retry = undefined;
  }

  private loadMessage(judge: CacheJudge, message: Uint8Array): boolean {
    return this.tryKeep(() => this.keepMessage(judge.message(message), message));
  }

  private tryKeep(keep: () => void): boolean {
    try {
      keep();
      return true;
    } catch (error) {
      if (error instanceof StatusListError || error instanceof FeedError) return false;
      throw error;
    }
  }

  // A message is worth nothing without its signer; a signer of whom nothing was taken is not worth keeping.
  private keepSigner(message: Uint8Array): void {
    const { keyId } = decodeSigned(message);
    const name = toHex(keyId);
    const record = this.signers.has(name) ? undefined : this.options.signerOf(keyId);
    if (record === undefined) return;
    const octets = encodeSignerRecord(record);
    this.signers.set(name, octets);
    this.appends.push(octets);
    if (this.signers.size > this.signersWritten + MORE_SIGNERS) this.rewrite = true;
  }

  private forgetSigners(): void {
    const messages = this.head === undefined ? this.content.all() : [...this.content.all(), this.head.message];
    const needed = new Set(messages.map((message) => toHex(decodeSigned(message).keyId)));
    for (const name of this.signers.keys()) if (!needed.has(name)) this.signers.delete(name);
    this.signersWritten = this.signers.size;
  }

  private keepMessage(applied: Applied, message: Uint8Array): void {
    const { sequence } = applied.position;
    if (applied.type === 'head') {
      this.noteHead(applied, message);
    } else if (applied.type === 'snapshot') {
      this.content.start(message, sequence);
      this.keepSigner(message);
      this.rewrite = true;
    } else {
      const kept = this.content.append(message, sequence, payloadHash(decodeSigned(message).payload));
      if (!kept) return;
      this.keepSigner(message);
      this.appends.push(message);
    }
  }

  private noteHead({ position }: Applied, message: Uint8Array): void {
    this.head = { message, time: position.asOf };
    this.keepSigner(message);
  }

  // One writer at a time; what comes meanwhile is written by the next round.
  private work(): void {
    if (this.working !== undefined || this.retry !== undefined) return;
    this.working = this.write().finally(() => {
      this.working = undefined;
    });
  }

  private async write(): Promise<void> {
    try {
      while (this.hasWork()) await this.writeNext();
      this.untroubled();
    } catch (cause) {
      // What became of a write that failed is not known: everything is written again.
      this.rewrite = true;
      this.trouble('CACHE_UNWRITABLE', cause);
      this.retry = setTimeout(() => {
        this.retry = undefined;
        this.work();
      }, this.options.retryAfter * 1000).unref();
    }
  }

  private hasWork(): boolean {
    const hasMessages = this.content.snapshot !== undefined && (this.rewrite || this.appends.length > 0);
    return hasMessages || this.headIsDue();
  }

  private headIsDue(): boolean {
    return this.head !== undefined && this.head.time - this.headWritten >= this.options.headInterval;
  }

  private async writeNext(): Promise<void> {
    if (this.content.snapshot !== undefined && this.rewrite) {
      this.rewrite = false;
      this.appends = [];
      this.forgetSigners();
      await this.replace(MESSAGES, Buffer.concat([...this.signers.values(), ...this.content.all()]));
    } else if (this.content.snapshot !== undefined && this.appends.length > 0) {
      const octets = Buffer.concat(this.appends);
      this.appends = [];
      // The file is gone, or the disk was full in the middle of it: the whole is written again.
      await this.append(octets).catch(() => {
        this.rewrite = true;
      });
    } else if (this.head !== undefined) {
      const { message, time } = this.head;
      await this.replace(HEAD, message);
      this.headWritten = time;
    }
  }

  // Not created where it is missing: a file that begins with a batch proves nothing.
  private async append(octets: Uint8Array): Promise<void> {
    const { O_WRONLY, O_APPEND } = builtins.files.constants;
    const file = await builtins.files.open(this.path(MESSAGES), O_WRONLY | O_APPEND);
    try {
      await file.writeFile(octets);
      await file.datasync();
    } finally {
      await file.close();
    }
  }

  private async replace(name: string, octets: Uint8Array): Promise<void> {
    await builtins.files.mkdir(this.options.folder, { recursive: true, mode: 0o700 });
    const temporary = this.path(`${name}.${this.options.writer}.tmp`);
    const file = await builtins.files.open(temporary, 'w', 0o600);
    try {
      await file.writeFile(octets);
      // A head that is lost is written again in seconds; without the messages before it, it says nothing.
      if (name === MESSAGES) await file.sync();
    } finally {
      await file.close();
    }
    await builtins.files.rename(temporary, this.path(name));
    if (name !== MESSAGES) return;
    const folder = await builtins.files.open(this.options.folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  private async read(name: string): Promise<Uint8Array | undefined> {
    try {
      const { size } = await builtins.files.stat(this.path(name));
      if (size > MAX_FILE_OCTETS) throw new FeedError('FEED_TOO_LARGE');
      return await builtins.files.readFile(this.path(name));
    } catch (cause) {
      if (isMissing(cause)) return undefined;
      this.trouble('CACHE_UNREADABLE', cause);
      return undefined;
    }
  }

  /** Finds out at once, not with the first news, whether the folder can be written; clears what killed processes left. */
  private async probe(): Promise<void> {
    const name = this.path(`probe.${this.options.writer}.tmp`);
    try {
      await builtins.files.mkdir(this.options.folder, { recursive: true, mode: 0o700 });
      await builtins.files.writeFile(name, '');
      const { mtimeMs: now } = await builtins.files.stat(name);
      await builtins.files.rm(name);
      for (const entry of await builtins.files.readdir(this.options.folder)) {
        if (!entry.endsWith('.tmp')) continue;
        const { mtimeMs } = await builtins.files.stat(this.path(entry));
        if (now - mtimeMs > LEFT_OVER_AFTER * 1000) await builtins.files.rm(this.path(entry), { force: true });
      }
    } catch (cause) {
      this.trouble('CACHE_UNWRITABLE', cause);
    }
  }

  private trouble(code: 'CACHE_UNREADABLE' | 'CACHE_UNWRITABLE', cause: unknown): void {
    if (this.troubled) return;
    this.troubled = true;
    this.options.onTrouble(new FeedError(code, { cause }));
  }

  private untroubled(): void {
    if (!this.troubled) return;
    this.troubled = false;
    this.options.onTrouble(undefined);
  }

  private path(name: string): string {
    return join(this.options.folder, name);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
