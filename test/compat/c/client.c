/*
 * The C client of ZooKeeper, as Debian has it, on three peers. Argument: the servers.
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zookeeper/zookeeper.h>

static void check(int holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "not so: %s\n", what);
  exit(1);
}

/* What a call answered. */
static void answers(int wanted, int found, const char *what) {
  if (found == wanted) return;
  fprintf(stderr, "%s: wanted %s, but %s\n", what, zerror(wanted), zerror(found));
  exit(1);
}

/* Waits until a condition holds, for some seconds at most. */
#define UNTIL(condition, what)                                    \
  do {                                                            \
    for (int round = 0; round < 2000 && !(condition); round += 1) \
      usleep(10000);                                              \
    check(condition, what);                                       \
  } while (0)

/* The events of watches, one after the other. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char told[4096];

static const char *name_of(int type) {
  if (type == ZOO_CREATED_EVENT) return "created";
  if (type == ZOO_DELETED_EVENT) return "deleted";
  if (type == ZOO_CHANGED_EVENT) return "changed";
  if (type == ZOO_CHILD_EVENT) return "child";
  return "other";
}

static void on_event(zhandle_t *zh, int type, int state, const char *path, void *context) {
  (void)zh, (void)state, (void)context;
  if (type == ZOO_SESSION_EVENT) return;
  pthread_mutex_lock(&lock);
  size_t length = strlen(told);
  snprintf(told + length, sizeof told - length, "%s %s\n", name_of(type), path);
  pthread_mutex_unlock(&lock);
}

static int was_told(const char *events) {
  pthread_mutex_lock(&lock);
  int same = strcmp(told, events) == 0;
  pthread_mutex_unlock(&lock);
  return same;
}

static zhandle_t *connect_to(const char *server, const clientid_t *id) {
  zhandle_t *zh = zookeeper_init(server, on_event, 10000, id, NULL, 0);
  check(zh != NULL, "a handle");
  UNTIL(zoo_state(zh) == ZOO_CONNECTED_STATE, "connected");
  return zh;
}

static void on_synced(int code, const char *path, const void *context) {
  (void)path;
  *(volatile int *)(intptr_t)context = code == ZOK ? 1 : -1;
}

/* Has a client see all that was written before. */
static void catch_up(zhandle_t *zh) {
  static volatile int synced;
  synced = 0;
  answers(ZOK, zoo_async(zh, "/", on_synced, (const void *)(intptr_t)&synced), "sync");
  UNTIL(synced == 1, "synced");
}

static int create(zhandle_t *zh, const char *path, const char *data, int mode, char *made) {
  int length = data == NULL ? -1 : (int)strlen(data);
  return zoo_create(zh, path, data, length, &ZOO_OPEN_ACL_UNSAFE, mode, made, 256);
}

/* The length of what a znode holds, which is put into `data`. */
static int get(zhandle_t *zh, const char *path, int watch, char *data, struct Stat *stat) {
  int length = 255;
  answers(ZOK, zoo_get(zh, path, watch, data, &length, stat), path);
  if (length >= 0) data[length] = 0;
  return length;
}

static void tree(zhandle_t *a, zhandle_t *b) {
  char made[256], data[256];
  struct Stat stat;
  struct String_vector children;
  answers(ZOK, create(a, "/c", "one", ZOO_PERSISTENT, made), "create");
  check(strcmp(made, "/c") == 0, "the path of a create");
  answers(ZNODEEXISTS, create(a, "/c", "", ZOO_PERSISTENT, made), "create again");
  answers(ZNONODE, create(a, "/none/x", "", ZOO_PERSISTENT, made), "create without a parent");
  answers(ZOK, create(a, "/c/s-", NULL, ZOO_PERSISTENT_SEQUENTIAL, made), "sequential");
  check(strcmp(made, "/c/s-0000000000") == 0, made);
  check(get(a, made, 0, data, &stat) == -1 && stat.dataLength == 0, "null data");
  answers(ZOK, create(a, "/c/e", "", ZOO_EPHEMERAL, made), "ephemeral");
  check(get(a, "/c/e", 0, data, &stat) == 0, "empty data");
  check(stat.ephemeralOwner == zoo_client_id(a)->client_id, "the owner of an ephemeral");
  answers(ZNOCHILDRENFOREPHEMERALS, create(a, "/c/e/x", "", ZOO_PERSISTENT, made), "a child");
  answers(ZOK, create(a, "/c/container", "", ZOO_CONTAINER, made), "container");
  answers(ZOK,
          zoo_create2_ttl(a, "/c/ttl", "t", 1, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT_WITH_TTL, 60000,
                          made, sizeof made, &stat),
          "TTL");
  check(stat.dataLength == 1 && stat.ephemeralOwner == 0, "the stat of a create");

  catch_up(b);
  check(get(b, "/c", 0, data, &stat) == 3 && strcmp(data, "one") == 0, data);
  check(stat.version == 0 && stat.cversion == 4 && stat.numChildren == 4, "a stat");
  answers(ZBADVERSION, zoo_set(b, "/c", "x", 1, 7), "set of another version");
  answers(ZOK, zoo_set2(b, "/c", "two", 3, 0, &stat), "set");
  check(stat.version == 1, "the version of a set");
  answers(ZNOTEMPTY, zoo_delete(b, "/c", -1), "delete of a parent");
  answers(ZNONODE, zoo_exists(b, "/none", 0, &stat), "exists");
  answers(ZOK, zoo_get_children2(b, "/c", 0, &children, &stat), "children");
  check(children.count == 4 && stat.numChildren == 4, "four children");
  deallocate_String_vector(&children);
  puts("tree");
}

static void access_lists(zhandle_t *a, zhandle_t *b) {
  char made[256];
  struct ACL_vector list;
  struct Stat stat;
  int length = sizeof made;
  answers(ZINVALIDACL, zoo_create(a, "/mine", "", 0, &ZOO_CREATOR_ALL_ACL, 0, made, sizeof made),
          "a list of nobody");
  answers(ZOK, zoo_add_auth(a, "digest", "u:p", 3, NULL, NULL), "digest");
  answers(ZOK, zoo_create(a, "/mine", "", 0, &ZOO_CREATOR_ALL_ACL, 0, made, sizeof made), "mine");
  answers(ZOK, zoo_get_acl(a, "/mine", &list, &stat), "the list");
  check(list.count == 1 && strncmp(list.data[0].id.id, "u:", 2) == 0, "the owner of a list");
  deallocate_ACL_vector(&list);
  catch_up(b);
  answers(ZNOAUTH, zoo_get(b, "/mine", 0, made, &length, &stat), "a stranger");
  answers(ZOK, zoo_set_acl(a, "/mine", 0, &ZOO_READ_ACL_UNSAFE), "set of a list");
  catch_up(b);
  length = sizeof made;
  answers(ZOK, zoo_get(b, "/mine", 0, made, &length, &stat), "everybody");
  check(stat.aversion == 1, "the version of a list");
  puts("access");
}

static void transactions(zhandle_t *zh) {
  char made[2][256];
  struct Stat stat;
  zoo_op_t ops[4];
  zoo_op_result_t results[4];
  zoo_create_op_init(&ops[0], "/t", "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, made[0], sizeof made[0]);
  zoo_set_op_init(&ops[1], "/t", "x", 1, 0, &stat);
  zoo_check_op_init(&ops[2], "/t", 1);
  zoo_create_op_init(&ops[3], "/t/s-", "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_SEQUENCE, made[1],
                     sizeof made[1]);
  answers(ZOK, zoo_multi(zh, 4, ops, results), "multi");
  check(strcmp(made[1], "/t/s-0000000000") == 0 && stat.version == 1, made[1]);

  zoo_delete_op_init(&ops[0], "/t/s-0000000000", 0);
  zoo_check_op_init(&ops[1], "/t", 7);
  zoo_delete_op_init(&ops[2], "/t", -1);
  answers(ZBADVERSION, zoo_multi(zh, 3, ops, results), "a multi that cannot be");
  answers(ZOK, results[0].err, "before the one that failed");
  answers(ZBADVERSION, results[1].err, "the one that failed");
  answers(ZRUNTIMEINCONSISTENCY, results[2].err, "behind the one that failed");
  answers(ZOK, zoo_exists(zh, "/t/s-0000000000", 0, &stat), "all or nothing");
  puts("multi");
}

static void watches(zhandle_t *writer, zhandle_t *reader) {
  char data[256];
  struct Stat stat;
  struct String_vector children;
  answers(ZNONODE, zoo_exists(reader, "/w", 1, &stat), "not there yet");
  answers(ZOK, create(writer, "/w", "1", ZOO_PERSISTENT, data), "create");
  UNTIL(was_told("created /w\n"), told);
  get(reader, "/w", 1, data, &stat);
  answers(ZOK, zoo_set(writer, "/w", "2", 1, -1), "set");
  UNTIL(was_told("created /w\nchanged /w\n"), told);
  check(get(reader, "/w", 0, data, &stat) == 1 && data[0] == '2', "an event, then the change");
  answers(ZOK, zoo_get_children(reader, "/w", 1, &children), "children");
  check(children.count == 0, "no child");
  answers(ZOK, create(writer, "/w/x", "", ZOO_PERSISTENT, data), "a child");
  UNTIL(was_told("created /w\nchanged /w\nchild /w\n"), told);
  get(reader, "/w/x", 1, data, &stat);
  answers(ZOK, zoo_remove_all_watches(reader, "/w/x", ZWATCHTYPE_DATA, 0), "remove");
  answers(ZNOWATCHER, zoo_remove_all_watches(reader, "/w/x", ZWATCHTYPE_ANY, 0), "again");
  get(reader, "/w/x", 1, data, &stat);
  answers(ZOK, zoo_delete(writer, "/w/x", -1), "delete");
  UNTIL(strstr(told, "deleted /w/x\n") != NULL, told);
  puts("watches");
}

/* A process that ends without a word leaves its session to whoever knows its password. */
static void leave_session(const char *server, int into) {
  char made[256];
  zhandle_t *zh = connect_to(server, NULL);
  answers(ZOK, create(zh, "/left", "", ZOO_EPHEMERAL, made), "an ephemeral");
  check(write(into, zoo_client_id(zh), sizeof(clientid_t)) == sizeof(clientid_t), "written");
  _exit(0);
}

static void resumed(const char *server, const clientid_t *id) {
  struct Stat stat;
  zhandle_t *zh = connect_to(server, id);
  check(zoo_client_id(zh)->client_id == id->client_id, "the same session");
  answers(ZOK, zoo_exists(zh, "/left", 0, &stat), "its ephemeral");
  check(stat.ephemeralOwner == id->client_id, "its owner");
  zookeeper_close(zh);
  puts("resumed");
}

int main(int count, char **arguments) {
  check(count == 2, "an argument");
  zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
  setvbuf(stdout, NULL, _IOLBF, 0);
  char *servers[3];
  for (int i = 0; i < 3; i += 1) servers[i] = strtok(i == 0 ? arguments[1] : NULL, ",");
  check(servers[2] != NULL, "three servers");

  int ends[2];
  clientid_t left;
  check(pipe(ends) == 0, "a pipe");
  if (fork() == 0) leave_session(servers[2], ends[1]);
  check(read(ends[0], &left, sizeof left) == sizeof left, "a session that was left");
  resumed(servers[2], &left);

  zhandle_t *a = connect_to(servers[0], NULL);
  zhandle_t *b = connect_to(servers[1], NULL);
  tree(a, b);
  access_lists(a, b);
  transactions(a);
  watches(a, b);

  struct Stat stat;
  catch_up(b);
  answers(ZNONODE, zoo_exists(b, "/left", 0, &stat), "an ephemeral whose session was closed");
  told[0] = 0;
  answers(ZOK, zoo_exists(b, "/c/e", 1, &stat), "an ephemeral");
  answers(ZOK, zookeeper_close(a), "close");
  UNTIL(was_told("deleted /c/e\n"), told);
  answers(ZOK, zookeeper_close(b), "close");
  puts("done");
  return 0;
}
