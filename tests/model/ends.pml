/* The end of two shards that merge: P1 and P2 into C. What src/coordinator/shard_sync and src/consumer/shard_consumer
 * do about rows: creation, co-parents, children, SHARD_END, admission of the child, clean-up. Two kclpp workers and a
 * Java worker that takes a row without a parent's row for unblocked.
 *
 * That a lease has one holder who is fenced is what leases.pml checks; here it is taken for granted: a hold is a flag
 * that its worker may lose at any time, and another worker takes by age only when nobody has it.
 * Creations are in flight on their own: they land late, twice in effect, or never. Looks are snapshots of rows; what is
 * done by them may come late. Clean-up waits for everything that was in flight or looked at: that is what the hour of
 * `keep_ended` and the 30 s of kFreshness mean.
 */
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef PAUSES
#define PAUSES 1 /* a live worker loses what it holds */
#endif
#ifndef UNANSWERED
#define UNANSWERED 1 /* creations whose answer is lost; they land any time later, or never */
#endif
#ifndef JAVA
#define JAVA 1 /* 1: a Java worker may run the child */
#endif
#ifndef DELETES
#define DELETES 0 /* rows of unfinished shards that an operator deletes */
#endif

#define P1 0
#define P2 1
#define C 2
#define SHARDS 3
#define NOBODY 0
#define JAVA_WORKER 3
#define OTHER_PARENT(s) (1 - s)

mtype = { absent, unread, real, shard_end };

/* The table. */
mtype checkpoint[SHARDS] = absent;
byte owner[SHARDS];
bool by_age[SHARDS]; /* created as a repair: free for nobody */
byte life[SHARDS]; /* which creation this row is from: counters and tokens of an earlier one match no condition */

typedef Worker {
  bool gone;
  bool holds[SHARDS];
  byte of_life[SHARDS];
  bool creates[SHARDS]; /* puts in flight */
  bool repairs[SHARDS]; /* each of them */
  bool looked;          /* holds a view that it may still act by */
  mtype view[SHARDS] = absent
};
Worker worker[3];

byte crashes = CRASHES, pauses = PAUSES, unanswered = UNANSWERED, deletes = DELETES;
bool listed; /* the service lists C */
bool child_started;
bool stored_end[2];
bool java_runs;

#define W worker[w]
#define EXISTS(s) (checkpoint[s] != absent)
#define MINE(s) (W.holds[s] && EXISTS(s) && owner[s] == w && life[s] == W.of_life[s])

inline look() {
  W.view[P1] = checkpoint[P1];
  W.view[P2] = checkpoint[P2];
  W.view[C] = checkpoint[C];
  W.looked = true
}

inline forget_look() {
  W.view[P1] = absent;
  W.view[P2] = absent;
  W.view[C] = absent;
  W.looked = false
}

/* shards::must_create, for shards that were open at the start instant: no row, and no descendant with a real
 * checkpoint. */
#define DESERVES(s) (W.view[s] == absent && (s == C -> true : W.view[C] != real))

/* put-if-absent */
inline land_creation(v, s) {
  if
  :: !EXISTS(s) ->
    /* Nothing is resurrected: a shard whose end was stored never gets a row again. */
    assert(s == C || !stored_end[s]);
    checkpoint[s] = unread;
    owner[s] = NOBODY;
    by_age[s] = worker[v].repairs[s];
    life[s]++
  :: else
  fi;
  worker[v].creates[s] = false;
  worker[v].repairs[s] = false
}

#ifdef BROKEN_repaired_rows_free
#define REPAIR(repair) false
#else
#define REPAIR(repair) repair
#endif

/* Sends a creation and waits: there now; or unanswered, and whoever asked for it starts anew. */
inline create(s, repair) {
  failed = false;
  if
  :: d_step { !EXISTS(s) && !W.gone -> W.creates[s] = true; W.repairs[s] = REPAIR(repair); land_creation(w, s) }
  :: d_step { EXISTS(s) || W.gone -> skip }
  :: d_step { unanswered > 0 && !W.creates[s] ->
       unanswered--; W.creates[s] = true; W.repairs[s] = REPAIR(repair); failed = true }
  fi
}

inline store_end(s) {
  d_step {
    if
    :: MINE(s) && !W.gone ->
      /* C6: SHARD_END is stored only with children there; unless an operator deletes them at this very moment. */
      assert(EXISTS(C) || DELETES > 0);
      checkpoint[s] = shard_end;
      owner[s] = NOBODY;
      stored_end[s] = true
    :: else
    fi;
    W.holds[s] = false;
    W.of_life[s] = 0
  }
}

inline create_co_parent(s) {
#ifndef BROKEN_no_co_parents
  if
  :: DESERVES(s) -> create(s, true)
  :: else -> failed = false
  fi
#else
  failed = false
#endif
}

inline create_child() {
  if
  /* shards::never_run: a child of parents that both have rows, and are not at their end, is new. */
  :: !failed && W.view[C] == absent -> create(C, (W.view[P1] == shard_end || W.view[P2] == shard_end))
  :: else
  fi
}

/* ShardConsumer::end_shard_once: co-parents, children, then SHARD_END with childShardIds. */
inline end_shard(s) {
  d_step { look() }
#ifdef BROKEN_end_before_children
  store_end(s);
  create_co_parent(OTHER_PARENT(s));
  create_child();
#else
  create_co_parent(OTHER_PARENT(s));
  create_child();
  if
  :: failed
  :: else -> store_end(s)
  fi;
#endif
  d_step { failed = false; forget_look() }
}

/* One parent of ShardSync::admit, its row read by itself; a parent without a row takes a fresh look to judge. */
inline read_parent(s, row) {
  row = checkpoint[s]
}

inline judge(s, row) {
#ifdef BROKEN_missing_parent_is_done
  blocked = blocked || (row != absent && row != shard_end)
#else
  if
  :: row == absent -> row = W.view[s]
  :: else
  fi;
  blocked = blocked || (row == absent -> DESERVES(s) : row != shard_end)
#endif
}

inline admit() {
  d_step { blocked = false; read_parent(P1, row1) }
#ifdef BROKEN_first_parent_only
  row2 = shard_end;
#else
  d_step { read_parent(P2, row2) }
#endif
  if
  :: row1 == absent || row2 == absent -> d_step { look() }
  :: else
  fi;
  d_step {
    judge(P1, row1);
    judge(P2, row2);
    row1 = 0;
    row2 = 0;
    forget_look();
    if
    :: !blocked && W.holds[C] && !W.gone ->
      /* C3 */
      assert(stored_end[P1] && stored_end[P2]);
      child_started = true;
      checkpoint[C] = (MINE(C) -> real : checkpoint[C])
    :: else
    fi;
    blocked = false
  }
}

/* Coordinator: unowned is free; else only once nobody is within its deadline any more. */
#define ALIVE_ON(v, s) (worker[v].holds[s] && !worker[v].gone)
#define IS_FREE(s) (owner[s] == NOBODY && !by_age[s])
#define TAKEABLE(s) \
  (EXISTS(s) && checkpoint[s] != shard_end && owner[s] != w && !W.holds[s] && \
   (IS_FREE(s) || (owner[s] != JAVA_WORKER && !ALIVE_ON(1, s) && !ALIVE_ON(2, s))))
#define TAKEABLE_AGAIN(s) \
  (EXISTS(s) && checkpoint[s] != shard_end && owner[s] == w && !ALIVE_ON(1, s) && !ALIVE_ON(2, s))

inline take(s) {
  owner[s] = w;
  by_age[s] = false;
  W.holds[s] = true;
  /* As a take raises the counter: what an earlier holder sends is refused. */
  life[s]++;
  W.of_life[s] = life[s]
}

/* Coordinator: what a scan shows as blocked is not taken. C3 does not rest on it, admission is asked again; that a deleted
 * child was held by nobody while its parents were read does. */
#if DELETES > 0
#define UNBLOCKED ((checkpoint[P1] == shard_end || !EXISTS(P1)) && (checkpoint[P2] == shard_end || !EXISTS(P2)))
#else
#define UNBLOCKED true
#endif

/* A hole counts when it is seen twice, a failover time apart: until then no holder is within its deadline. */
#define RIPE_HOLE(s) \
  (!EXISTS(s) && !ALIVE_ON(1, s) && !ALIVE_ON(2, s) && !worker[1].creates[s] && !worker[2].creates[s])

/* A consumer of C that is blocked looks again when it may have changed; a model needs no polling in between. */
#define WORTH_ASKING \
  ((checkpoint[P1] == shard_end || !EXISTS(P1)) && (checkpoint[P2] == shard_end || !EXISTS(P2)) || asks == 0)

proctype KclppWorker(byte w) {
  mtype row1, row2;
  bool blocked, failed;
  byte asks;
  end:
  do
  :: d_step { !W.gone && TAKEABLE(P1) -> take(P1) }
  :: d_step { !W.gone && TAKEABLE(P2) -> take(P2) }
  :: d_step { !W.gone && TAKEABLE(C) && UNBLOCKED -> take(C); asks = 0 }
  :: d_step { !W.gone && TAKEABLE_AGAIN(P1) -> take(P1) }
  :: d_step { !W.gone && TAKEABLE_AGAIN(P2) -> take(P2) }
  :: d_step { !W.gone && TAKEABLE_AGAIN(C) -> take(C); asks = 0 }
  :: !W.gone && W.holds[P1] && listed -> end_shard(P1)
  :: !W.gone && W.holds[P2] && listed -> end_shard(P2)
  :: !W.gone && W.holds[C] && checkpoint[C] == unread && WORTH_ASKING -> asks = 1; admit()
  /* ShardSync::sync: ancestors first. */
  :: !W.gone && listed && (RIPE_HOLE(P1) || RIPE_HOLE(P2) || RIPE_HOLE(C)) && checkpoint[C] != real ->
    d_step { look() }
    if
    :: DESERVES(P1) && RIPE_HOLE(P1) -> create(P1, true)
    :: else -> failed = false
    fi;
    if
    :: !failed && DESERVES(P2) && RIPE_HOLE(P2) -> create(P2, true)
    :: else
    fi;
    if
    :: !failed && DESERVES(C) && RIPE_HOLE(C) -> create(C, true)
    :: else
    fi;
    d_step { failed = false; forget_look() }
  od
}

#define SETTLED(v) (!worker[v].creates[P1] && !worker[v].creates[P2] && !worker[v].creates[C] && !worker[v].looked)
#define SUPERFLUOUS(s) (checkpoint[s] == shard_end && checkpoint[C] == real)

#define LOST(v, s) (ALIVE_ON(v, s) && (!EXISTS(s) || owner[s] != v || life[s] != worker[v].of_life[s]))

proctype World() {
  end:
  do
  :: d_step { !listed -> listed = true }
  :: d_step { worker[1].creates[P1] -> land_creation(1, P1) }
  :: d_step { worker[1].creates[P2] -> land_creation(1, P2) }
  :: d_step { worker[1].creates[C] -> land_creation(1, C) }
  :: d_step { worker[2].creates[P1] -> land_creation(2, P1) }
  :: d_step { worker[2].creates[P2] -> land_creation(2, P2) }
  :: d_step { worker[2].creates[C] -> land_creation(2, C) }
  :: d_step { worker[1].creates[P1] -> worker[1].creates[P1] = false; worker[1].repairs[P1] = false }
  :: d_step { worker[1].creates[P2] -> worker[1].creates[P2] = false; worker[1].repairs[P2] = false }
  :: d_step { worker[1].creates[C] -> worker[1].creates[C] = false; worker[1].repairs[C] = false }
  :: d_step { worker[2].creates[P1] -> worker[2].creates[P1] = false; worker[2].repairs[P1] = false }
  :: d_step { worker[2].creates[P2] -> worker[2].creates[P2] = false; worker[2].repairs[P2] = false }
  :: d_step { worker[2].creates[C] -> worker[2].creates[C] = false; worker[2].repairs[C] = false }
  /* ShardSync::clean_up */
#ifdef BROKEN_remove_at_once
#define OVER_FOR_LONG true
#else
#define OVER_FOR_LONG (SETTLED(1) && SETTLED(2))
#endif
  :: d_step { SUPERFLUOUS(P1) && OVER_FOR_LONG -> checkpoint[P1] = absent; life[P1] = 0 }
  :: d_step { SUPERFLUOUS(P2) && OVER_FOR_LONG -> checkpoint[P2] = absent; life[P2] = 0 }
  /* Faults. */
  :: d_step { crashes > 0 && !worker[1].gone -> crashes--; worker[1].gone = true }
  :: d_step { crashes > 0 && !worker[2].gone -> crashes--; worker[2].gone = true }
  :: d_step { pauses > 0 && worker[1].holds[P1] -> pauses--; worker[1].holds[P1] = false }
  :: d_step { pauses > 0 && worker[1].holds[P2] -> pauses--; worker[1].holds[P2] = false }
  :: d_step { pauses > 0 && worker[2].holds[C] -> pauses--; worker[2].holds[C] = false }
  :: d_step { deletes > 0 && checkpoint[P2] == unread -> deletes--; checkpoint[P2] = absent; owner[P2] = NOBODY }
  :: d_step { deletes > 0 && checkpoint[C] == unread && (checkpoint[P1] == shard_end || checkpoint[P2] == shard_end) ->
       deletes--; checkpoint[C] = absent; owner[C] = NOBODY }
  /* Who finds its row gone, or another's, has lost it: the next renewal tells. */
  :: d_step { LOST(1, P1) -> worker[1].holds[P1] = false }
  :: d_step { LOST(1, P2) -> worker[1].holds[P2] = false }
  :: d_step { LOST(2, P1) -> worker[2].holds[P1] = false }
  :: d_step { LOST(2, P2) -> worker[2].holds[P2] = false }
  :: d_step { LOST(1, C) -> worker[1].holds[C] = false }
  :: d_step { LOST(2, C) -> worker[2].holds[C] = false }
  od
}

/* Java KCL 2.x: no row of a parent means that it is done with. */
#define JAVA_UNBLOCKED(s) (checkpoint[s] == absent || checkpoint[s] == shard_end)
proctype Java() {
  end:
  do
  :: d_step { JAVA && !java_runs && checkpoint[C] == unread && owner[C] == NOBODY && JAVA_UNBLOCKED(P1) &&
              JAVA_UNBLOCKED(P2) ->
       assert(stored_end[P1] && stored_end[P2]);
       java_runs = true;
       owner[C] = JAVA_WORKER;
       child_started = true;
       checkpoint[C] = real }
  od
}

proctype Promises() {
  end:
  do
  :: (ALIVE_ON(1, P1) && ALIVE_ON(2, P1)) || (ALIVE_ON(1, P2) && ALIVE_ON(2, P2)) ||
     (ALIVE_ON(1, C) && ALIVE_ON(2, C)) -> assert(false)
  /* Whatever happened, the child is read in the end. */
  :: timeout -> assert(child_started); break
  od
}

init {
  atomic {
    /* The anchor row, alone. */
    checkpoint[P1] = unread;
    life[P1] = 1;
#ifdef CHILD_FIRST
    /* As a Java worker leaves it that ends P1: the child, and not its other parent. */
    checkpoint[P1] = shard_end;
    stored_end[P1] = true;
    checkpoint[C] = unread;
    life[C] = 1;
#endif
    run KclppWorker(1);
    run KclppWorker(2);
    run World();
    run Java();
    run Promises()
  }
}
