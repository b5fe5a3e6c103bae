import { createTestDatabase, type TestDatabase } from '@touchmark/testkit';
import { afterAll, beforeAll, describe, inject } from 'vitest';
import { RedisServer } from './fixture/redis-server.js';
import { ThreeProcesses } from './fixture/three-processes.js';
import { lifeOfADevice } from './stories/life-of-a-device.js';
import { readmeBlocks } from './stories/readme-blocks.js';

let database: TestDatabase;
let redis: RedisServer;
let processes: ThreeProcesses;

beforeAll(async () => {
  database = await createTestDatabase(inject('databaseUrl'));
  redis = await RedisServer.start();
  processes = await ThreeProcesses.start({
    databaseUrl: database.url,
    rolePrefix: database.rolePrefix,
    redisUrl: redis.url,
  });
});
afterAll(async () => {
  await processes?.close();
  await redis?.remove();
  await database?.drop();
});

describe('what users do with one process, with three', () => {
  lifeOfADevice(() => processes);
  readmeBlocks(() => processes);
});
