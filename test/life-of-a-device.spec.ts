import { afterAll, beforeAll, inject } from 'vitest';
import { startTestService, type TestService } from './fixture/service.js';
import { lifeOfADevice } from './stories/life-of-a-device.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService(inject('databaseUrl'));
});
afterAll(() => service?.close());

lifeOfADevice(() => service);
