/**
 * What a peer tells whoever subscribed with `node:diagnostics_channel`, and at next to no cost while
 * nobody has. Messages are plain objects with a `type`; subscribers must not change them.
 *
 *   conclave:peer      opened, refused (a link), closing, closed, failed
 *   conclave:election  role: a peer's role, phase, leader or epoch changed
 *   conclave:session   opened, ended
 *   conclave:quota     exceeded, kept: a soft limit, by path, as this peer has applied it
 *   conclave:store     appended and synced (the log, by number), checkpoint, purge-failed
 */
import { channel } from 'node:diagnostics_channel'

export const peerChannel = channel('conclave:peer')
export const electionChannel = channel('conclave:election')
export const sessionChannel = channel('conclave:session')
export const quotaChannel = channel('conclave:quota')
export const storeChannel = channel('conclave:store')
