import { afterAll, beforeAll, inject } from 'vitest';
import { startTestService, type TestService } from '../fixture/service.js';
import { readmeBlocks } from '../stories/readme-blocks.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService(inject('databaseUrl'));
});
afterAll(() => service?.close());

readmeBlocks(() => service);
