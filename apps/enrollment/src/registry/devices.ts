import {
  type Database,
  type DeviceCertificateView,
  deviceCertificates,
  type DeviceEventView,
  type DeviceFilter,
  type DeviceRecord,
  findDevice,
  listDeviceEvents,
  listDevices,
  listRefusals,
  type RefusalView,
  subjectViews,
} from '@touchmark/store';
import { EnrollmentError } from '../enrollment-error.js';
import type { DeviceProjection } from '../projection/device-projection.js';
import { type Page, readPage } from './page.js';

/** What is known of devices. Nothing is decided on it: that is the CA's. */
export class Devices {
  private readonly db: Database;
  private readonly projection: DeviceProjection;

  constructor(db: Database, projection: DeviceProjection) {
    this.db = db;
    this.projection = projection;
  }

  /** Throws DEVICE_UNKNOWN. A device that only the CA knows yet is taken over from there. */
  async get(deviceRef: string): Promise<DeviceRecord> {
    const device = await findDevice(this.db, deviceRef);
    if (device) return device;
    if ((await subjectViews(this.db, [deviceRef])).size > 0) {
      await this.projection.follow([{ deviceRef, actor: 'projection-read' }]);
      const late = await findDevice(this.db, deviceRef);
      if (late) return late;
    }
    throw new EnrollmentError('DEVICE_UNKNOWN', { deviceRef }, `there is no device ${deviceRef}`);
  }

  list(filter: DeviceFilter, after: string | undefined, limit: number): Promise<Page<DeviceRecord>> {
    return readPage(
      limit,
      (count) => listDevices(this.db, filter, { after, limit: count }),
      ({ deviceRef }) => deviceRef,
    );
  }

  /** Newest first. Throws DEVICE_UNKNOWN. */
  async events(deviceRef: string, before: string | undefined, limit: number): Promise<Page<DeviceEventView>> {
    await this.get(deviceRef);
    return readPage(
      limit,
      (count) => listDeviceEvents(this.db, deviceRef, { before, limit: count }),
      ({ id }) => id,
    );
  }

  /** In the order of issue. Throws DEVICE_UNKNOWN. */
  async certificates(deviceRef: string): Promise<DeviceCertificateView[]> {
    await this.get(deviceRef);
    return deviceCertificates(this.db, deviceRef);
  }

  /** Refused enrolments, newest first; of one device or batch where given. */
  refusals(
    filter: { readonly batchId?: string | undefined; readonly deviceRef?: string | undefined },
    before: string | undefined,
    limit: number,
  ): Promise<Page<RefusalView>> {
    return readPage(
      limit,
      (count) => listRefusals(this.db, filter, { before, limit: count }),
      ({ id }) => id,
    );
  }
}
