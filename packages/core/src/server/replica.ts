/** The replicated state of a peer: tree, sessions, configuration, and the page end they stand at. */
export class Replica {}
