import type { IncomingMessage, ServerResponse } from 'node:http';
import { beginLongAnswer, peerCertificates } from '@touchmark/server';
import type { Log } from '../log.js';
import { type AdmitGateway, type Gateway, identityKey } from './admit-gateway.js';
import { answerProblem } from './answer-problem.js';
import { EventStream } from './event-stream.js';
import type { FeedClient } from './feed-client.js';
import { FeedRefusedError } from './feed-refused-error.js';
import type { FeedHub } from './feed-hub.js';
import type { FeedLimits } from './feed-limits.js';
import { feedPosition } from './feed-position.js';
import { LongPoll } from './long-poll.js';

export interface FeedParts {
  readonly hub: FeedHub;
  readonly admitGateway: AdmitGateway;
  readonly limits: FeedLimits;
  readonly log: Log;
}

/** Why an answer ended: the client had enough, did not read, may no longer follow, or we stop. */
export type EndReason = 'left' | 'slow' | 'refused' | 'closing';

interface Open {
  readonly client: FeedClient;
  readonly gateway: Gateway;
  reason: EndReason;
}

/** All answers that follow, from the judging of their certificates to their end. */
export class Feed {
  /** How many answers ended, by reason. */
  readonly ended: Record<EndReason, number> = { left: 0, slow: 0, refused: 0, closing: 0 };
  /** How many requests were refused, by code. */
  readonly refusals = new Map<string, number>();
  private readonly parts: FeedParts;
  private readonly open = new Set<Open>();
  private closing = false;

  constructor(parts: FeedParts) {
    this.parts = parts;
  }

  /** How many follow now. */
  get size(): number {
    return this.open.size;
  }

  /** Answers a request, now or for hours. Never rejects. */
  async answer(request: IncomingMessage, response: ServerResponse, more: RequestParts): Promise<void> {
    try {
      await this.begin(request, response, more);
    } catch (error) {
      if (error instanceof FeedRefusedError) this.refusals.set(error.code, (this.refusals.get(error.code) ?? 0) + 1);
      else this.parts.log.error({ err: error, reqId: more.requestId }, 'the status feed failed');
      answerProblem(response, more.requestId, error);
    }
  }

  /** Ends the answers to all whose certificates no longer hold: to be called when seats have changed. */
  judge(): void {
    for (const one of this.open) {
      const error = this.parts.admitGateway.refusalOf(one.gateway);
      if (!error || one.reason !== 'left') continue;
      const { kind, name, fingerprint } = one.gateway;
      this.parts.log.info({ kind, name, sha256: fingerprint, code: error.code }, 'a follower is no longer admitted');
      end(one, 'refused', error);
    }
  }

  /** To be called each second. */
  tick(): void {
    this.judge();
    for (const { client } of this.open) client.tick();
  }

  /** Ends all answers, and takes no more. */
  close(): void {
    this.closing = true;
    for (const one of this.open) end(one, 'closing', new FeedRefusedError('FEED_CLOSING'));
  }

  private async begin(request: IncomingMessage, response: ServerResponse, more: RequestParts): Promise<void> {
    const { hub, admitGateway, limits } = this.parts;
    const gateway = admitGateway.run(peerCertificates(request));
    const position = feedPosition(more.query, more.lastEventId);
    await limits.countConnect(identityKey(gateway));
    const draining = beginLongAnswer(request);
    if (this.closing || draining.aborted) throw new FeedRefusedError('FEED_CLOSING');
    if (!hub.window) throw new FeedRefusedError('FEED_EMPTY');
    // gone while it was counted: nobody would tell us of its end
    if (response.destroyed || request.socket.destroyed) return;
    // sent behind a request that is being answered: a stream may never end, so this one's turn may never come
    if (response.socket === null) {
      request.socket.destroy();
      return;
    }

    const leave = limits.enter(identityKey(gateway));
    response.once('close', leave);
    const onSlow = (): void => {
      one.reason = 'slow';
      this.parts.log.warn({ kind: gateway.kind, name: gateway.name }, 'a follower that does not read was cut');
    };
    const clientParts = { gateway, hub, response, requestId: more.requestId, position, onSlow };
    const client = more.asJson ? new LongPoll(clientParts) : new EventStream(clientParts);
    const one: Open = { client, gateway, reason: 'left' };
    const onDraining = (): void => end(one, 'closing', new FeedRefusedError('FEED_CLOSING'));
    const forget = hub.add(client);
    this.open.add(one);
    draining.addEventListener('abort', onDraining);
    response.once('close', () => {
      draining.removeEventListener('abort', onDraining);
      forget();
      this.open.delete(one);
      this.ended[one.reason] += 1;
    });
  }
}

export interface RequestParts {
  readonly requestId: string;
  readonly query: unknown;
  readonly lastEventId: string | undefined;
  /** A long poll: one JSON document and no stream. */
  readonly asJson: boolean;
}

function end(one: Open, reason: EndReason, error: FeedRefusedError): void {
  if (one.reason !== 'left') return;
  one.reason = reason;
  one.client.refuse(error);
}
