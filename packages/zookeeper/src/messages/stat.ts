/**
 * What is told of a znode beside its data: 68 bytes.
 *
 *   long czxid | long mzxid | long ctime | long mtime | int version | int cversion | int aversion |
 *   long ephemeralOwner | int dataLength | int numChildren | long pzxid
 */
import type { Long } from '../jute/long.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'

export interface WireStat {
  readonly czxid: Long
  readonly mzxid: Long
  readonly ctime: Long
  readonly mtime: Long
  readonly version: number
  readonly cversion: number
  readonly aversion: number
  readonly ephemeralOwner: Long
  readonly dataLength: number
  readonly numChildren: number
  readonly pzxid: Long
}

export const statBytes = 68

export function writeStat(writer: JuteWriter, stat: WireStat): void {
  writer.long(stat.czxid)
  writer.long(stat.mzxid)
  writer.long(stat.ctime)
  writer.long(stat.mtime)
  writer.int(stat.version)
  writer.int(stat.cversion)
  writer.int(stat.aversion)
  writer.long(stat.ephemeralOwner)
  writer.int(stat.dataLength)
  writer.int(stat.numChildren)
  writer.long(stat.pzxid)
}

export function readStat(reader: JuteReader): WireStat {
  return {
    czxid: reader.long(),
    mzxid: reader.long(),
    ctime: reader.long(),
    mtime: reader.long(),
    version: reader.int(),
    cversion: reader.int(),
    aversion: reader.int(),
    ephemeralOwner: reader.long(),
    dataLength: reader.int(),
    numChildren: reader.int(),
    pzxid: reader.long(),
  }
}
