import { Counter, Gauge, type Registry } from 'prom-client';
import type { Feed } from './feed.js';
import type { FeedHub } from './feed-hub.js';

/** Figures of the feed, read when the metrics are. */
export function measureFeed(feed: Feed, hub: FeedHub, registry: Registry): void {
  const following = new Gauge({
    name: 'touchmark_feed_followers',
    help: 'Streams and polls of the status feed that are open.',
    registers: [],
    collect() {
      this.set(feed.size);
    },
  });
  const ended = new Counter({
    name: 'touchmark_feed_ended_total',
    help: 'Streams and polls that ended: left (by the client, or answered), slow, refused (its certificate), closing.',
    labelNames: ['reason'],
    registers: [],
    collect() {
      this.reset();
      for (const [reason, count] of Object.entries(feed.ended)) this.inc({ reason }, count);
    },
  });
  const refused = new Counter({
    name: 'touchmark_feed_refused_total',
    help: 'Requests to the status feed that were refused, by code.',
    labelNames: ['code'],
    registers: [],
    collect() {
      this.reset();
      for (const [code, count] of feed.refusals) this.inc({ code }, count);
    },
  });
  const head = new Gauge({
    name: 'touchmark_feed_head_time_seconds',
    help: 'Signed time of the newest head that is relayed; what gateways know is older than this by now.',
    registers: [],
    collect() {
      this.set(hub.headTime);
    },
  });
  registry.registerMetric(following);
  registry.registerMetric(ended);
  registry.registerMetric(refused);
  registry.registerMetric(head);
}
