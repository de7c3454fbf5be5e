/* The lease protocol of kclpp on one shard: two workers (1, 2), a Java worker (3) that keeps other rules, and an
 * operator. Actions and fields are named as in src/leases and src/coordinator; docs/internals/leases.md explains both.
 *
 * What may go wrong: writes land late, or never; answers are lost; workers crash, pause, stop; claims and withdrawals
 * cross grants; Java steals, evicts and assigns by counter and leaves our token behind; an operator releases a live
 * row. Budgets below bound how often. A pause needs no budget of its own: a worker need not be scheduled.
 *
 * Time is counted in ticks that all clocks share. A write's holder is valid while fewer than F ticks have passed since
 * it was *sent*; a row is aged once at least F ticks have passed since it was *received*. That is C7 and C8 without
 * their margins (0.88 F against F), so tighter than the code. A tick that brings the deadline of a live holder closer is
 * a fault (SLOW): otherwise its renewals, which go on for ever in the code, would have to be modelled one by one.
 *
 * Checked: the assertions below; that whatever happened, a run that ends leaves a shard that is run (Promises); and, in
 * the variants `lives...`, that every run ends: no step can be repeated for ever, so no fairness need be assumed.
 */

/* Budgets: -DNAME=number. */
#ifndef UNANSWERED
#define UNANSWERED 1 /* writes whose answer is lost, whether they landed, will land, or never do */
#endif
#ifndef LATE
#define LATE 1 /* 1: an unanswered write may land any time later; 0: it has landed by then */
#endif
#ifndef SLOW
#define SLOW 2 /* ticks while a live worker holds, or waits for an answer */
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef STOPS
#define STOPS 1 /* workers that shut down in order */
#endif
#ifndef CLAIMS
#define CLAIMS 1
#endif
#ifndef JAVA
#define JAVA 0 /* writes of the Java worker: steal, renew, evict, assign */
#endif
#ifndef OPERATOR
#define OPERATOR 0 /* releases by an operator */
#endif
#ifndef WRITES
#define WRITES 1 /* renewals and checkpoints that nothing forces */
#endif
#ifndef F1
#define F1 2 /* failover time of worker 1, in ticks */
#endif
#ifndef F2
#define F2 2
#endif
#ifndef TIME
#define TIME 1 /* 0: no ticks at all, so nothing may depend on someone's age */
#endif
#define LONGEST (F1 > F2 -> F1 : F2)

#define NOBODY 0
#define JAVA_WORKER 3
#define POSITIONS 2 /* records to deliver */
#define SLOTS 3
#define NONE SLOTS

#define FAILOVER(w) (w == 1 -> F1 : F2)
#define LONGER(a, b) (a > b -> a : b)

mtype = { none, take, renew, store, release, grant };
mtype = { idle, taking, holding };
/* What a worker that sent a write does next: wait for the answer, read the row back knowing that the write is over
 * (refused), or not knowing (unknown). */
mtype = { nothing, answer, read_refused, read_unknown };

typedef Row {
  byte owner;
  byte counter;
  /* kclppToken */
  byte token_of;
  byte token_counter;
  byte token_attempt;
  byte checkpoint;
  byte claim;
  byte failover
};
Row row;

/* An attempt: a conditional write on its way, and what LeaseHold::pending_ knows about it. */
typedef Attempt {
  mtype kind = none;
  bool flying;   /* may still land */
  bool pending;  /* in LeaseHold::pending_ */
  bool applied;  /* ghost: it has landed and was applied */
  byte if_counter;
  byte if_owner;
  byte if_token_of;
  byte if_token_counter;
  byte if_token_attempt;
  byte if_claim; /* of a grant */
  byte checkpoint;
  byte sent_ago;
  byte epoch
};
typedef Attempts { Attempt a[SLOTS] };
Attempts sent[3];

/* LeaseAges and the last scan. */
typedef Observed {
  bool any;
  byte owner;
  byte counter;
  byte token_of;
  byte token_counter;
  byte token_attempt;
  byte claim;
  byte failover;
  bool tried;      /* a take failed since: the next one needs a new look */
  byte since;      /* ticks since the row has been as it is */
  byte token_since /* and its token */
};

typedef Worker {
  mtype state = idle;
  mtype next = nothing;
  byte slot = NONE; /* of the attempt that it waits for */
  bool was_applied;
  byte answer_claim;
  /* LeaseHold: row_, epoch_, and the ticks since last_commit_ */
  byte counter;
  byte token_attempt;
  byte checkpoint;
  byte claim;
  byte epoch;
  byte committed_ago;
  byte done;       /* end of the last batch that was done with */
  bool leaving;
  bool stopping;
  bool gone;       /* crashed, or stopped in order */
  byte claimed_from;
  /* claim and withdrawal on their way: the owner that they are conditional on */
  byte claim_flies;
  byte withdrawal_flies;
  Observed seen
};
Worker worker[3];

byte unanswered = UNANSWERED, slow = SLOW, crashes = CRASHES, stops = STOPS, claims = CLAIMS, java = JAVA,
     operator_releases = OPERATOR, writes = WRITES;

/* Ghost: the epoch that the row is in, by the counter of the take that began it; 0 when it was not ours to begin. */
byte row_epoch;

/* ---- LeaseHold ---- */
#define GIVES_UP(kind) (kind == release || kind == grant)
#define DOUBT(w, i) (sent[w].a[i].pending && GIVES_UP(sent[w].a[i].kind))
#define IN_DOUBT(w) (DOUBT(w, 0) || DOUBT(w, 1) || DOUBT(w, 2))
#define VALID(w) (worker[w].committed_ago < FAILOVER(w))
#ifdef BROKEN_deliver_in_doubt
#define MAY_DELIVER(w) (worker[w].state == holding && !worker[w].gone && VALID(w))
#else
#define MAY_DELIVER(w) (worker[w].state == holding && !worker[w].gone && !IN_DOUBT(w) && VALID(w))
#endif
#define HOLDS(w) (worker[w].state == holding && !worker[w].gone)

/* Whoever holds learns in time of what happened to its row: the next renewal is due by then. */
#define STALE(w) (row.counter != worker[w].counter || row.claim != worker[w].claim)
#define RENEWAL_DUE(w) (!VALID(w) || IN_DOUBT(w) || STALE(w))

inline end_hold(w) {
  worker[w].state = idle;
  worker[w].counter = 0;
  worker[w].token_attempt = 0;
  worker[w].checkpoint = 0;
  worker[w].claim = 0;
  worker[w].epoch = 0;
  worker[w].committed_ago = 0;
  worker[w].done = 0;
  worker[w].leaving = false;
  worker[w].gone = worker[w].gone || worker[w].stopping
}

/* An attempt that neither flies nor is remembered leaves no trace. */
inline tidy(w, i) {
  if
  :: sent[w].a[i].kind != none && !sent[w].a[i].flying && !sent[w].a[i].pending && worker[w].slot != i ->
    sent[w].a[i].kind = none;
    sent[w].a[i].applied = false;
    sent[w].a[i].if_counter = 0;
    sent[w].a[i].if_owner = 0;
    sent[w].a[i].if_token_of = 0;
    sent[w].a[i].if_token_counter = 0;
    sent[w].a[i].if_token_attempt = 0;
    sent[w].a[i].if_claim = 0;
    sent[w].a[i].checkpoint = 0;
    sent[w].a[i].sent_ago = 0;
    sent[w].a[i].epoch = 0
  :: else
  fi
}

inline forget_all(w) {
  sent[w].a[0].pending = false;
  sent[w].a[1].pending = false;
  sent[w].a[2].pending = false
}

inline tidy_all(w) {
  tidy(w, 0);
  tidy(w, 1);
  tidy(w, 2)
}

inline stop_waiting(w) {
  worker[w].next = nothing;
  worker[w].slot = NONE;
  worker[w].was_applied = false;
  worker[w].answer_claim = 0
}

#define FREE(w, i) (sent[w].a[i].kind == none)
#define SLOT(w) (FREE(w, 0) -> 0 : (FREE(w, 1) -> 1 : (FREE(w, 2) -> 2 : NONE)))
#define READY(w) (worker[w].next == nothing && SLOT(w) != NONE)

/* LeaseHold::render: every holder's write is conditional on counter, owner and token as last known. */
inline send(w, k, position) {
  i = SLOT(w);
  sent[w].a[i].kind = k;
  sent[w].a[i].flying = true;
  sent[w].a[i].pending = true;
  sent[w].a[i].if_counter = worker[w].counter;
  sent[w].a[i].if_owner = w;
  sent[w].a[i].if_token_of = w;
  sent[w].a[i].if_token_counter = worker[w].counter;
  sent[w].a[i].if_token_attempt = worker[w].token_attempt;
  sent[w].a[i].if_claim = (k == grant -> worker[w].claim : 0);
  sent[w].a[i].checkpoint = LONGER(position, worker[w].checkpoint);
  sent[w].a[i].epoch = worker[w].epoch;
  worker[w].slot = i;
  worker[w].next = answer;
  i = 0
}

/* LeaseTable::take: conditional on the row as it was observed. */
inline send_take(w) {
  i = SLOT(w);
  sent[w].a[i].kind = take;
  sent[w].a[i].flying = true;
  sent[w].a[i].if_counter = worker[w].seen.counter;
  sent[w].a[i].if_owner = worker[w].seen.owner;
  sent[w].a[i].if_token_of = worker[w].seen.token_of;
  sent[w].a[i].if_token_counter = worker[w].seen.token_counter;
  sent[w].a[i].if_token_attempt = worker[w].seen.token_attempt;
  worker[w].slot = i;
  worker[w].next = answer;
  worker[w].state = taking;
  i = 0
}

/* ---- the table ---- */
#define SENT sent[w].a[i]
#define AS_EXPECTED(w, i) \
  (row.counter == SENT.if_counter && row.owner == SENT.if_owner && row.token_of == SENT.if_token_of && \
   row.token_counter == SENT.if_token_counter && row.token_attempt == SENT.if_token_attempt && \
   (SENT.kind != grant || row.claim == SENT.if_claim))
#ifdef BROKEN_take_by_owner
#define CONDITION(w, i) (SENT.kind == take -> row.owner == SENT.if_owner : AS_EXPECTED(w, i))
#else
#ifdef BROKEN_checkpoint_by_owner
#define CONDITION(w, i) (SENT.kind == store -> row.owner == SENT.if_owner : AS_EXPECTED(w, i))
#else
#ifdef BROKEN_grant_without_claim
#define CONDITION(w, i) \
  (row.counter == SENT.if_counter && row.owner == SENT.if_owner && row.token_of == SENT.if_token_of && \
   row.token_counter == SENT.if_token_counter && row.token_attempt == SENT.if_token_attempt)
#else
#define CONDITION(w, i) AS_EXPECTED(w, i)
#endif
#endif
#endif

inline land(w, i) {
  if
  :: CONDITION(w, i) ->
    row.counter = SENT.if_counter + 1;
    row.token_of = w;
    row.token_counter = row.counter;
    row.token_attempt = i;
    if
    :: SENT.kind == take ->
      row.owner = w;
      row.claim = NOBODY;
      row.failover = FAILOVER(w);
      row_epoch = row.counter
    :: else ->
      /* C4: only who holds the row in this epoch writes, and a checkpoint never goes back. */
      assert(SENT.epoch == row_epoch);
      assert(SENT.checkpoint >= row.checkpoint);
      row.checkpoint = SENT.checkpoint;
      if
      :: SENT.kind == release -> row.owner = NOBODY
      :: SENT.kind == grant ->
        /* R8: a lease is given only to one who asks at that moment. */
        assert(row.claim == SENT.if_claim);
        row.owner = SENT.if_claim
      :: else
      fi
    fi;
    SENT.applied = true;
    if
    :: worker[w].slot == i && worker[w].next == answer ->
      worker[w].was_applied = true;
      worker[w].answer_claim = row.claim
    :: else
    fi
  :: else
  fi;
  SENT.flying = false;
  tidy(w, i)
}

/* LeaseHold::settle when the row says that an attempt of ours was its last write. */
inline commit(w, j) {
#ifdef BROKEN_deadline_from_answer
  worker[w].committed_ago = 0;
#else
  worker[w].committed_ago =
      (worker[w].committed_ago < sent[w].a[j].sent_ago -> worker[w].committed_ago : sent[w].a[j].sent_ago);
#endif
  worker[w].counter = sent[w].a[j].if_counter + 1;
  worker[w].token_attempt = j;
  worker[w].checkpoint = sent[w].a[j].checkpoint;
  forget_all(w);
  if
  :: GIVES_UP(sent[w].a[j].kind) -> end_hold(w)
  :: else
  fi
}

/* Mine iff the token is that of an attempt of mine, nobody has written since, and the owner is whom it names. */
#define OWNER_AFTER(w, i) \
  (sent[w].a[i].kind == release -> NOBODY : (sent[w].a[i].kind == grant -> sent[w].a[i].if_claim : w))
/* The number of an attempt is its slot: one is used again only when what was sent from it can no longer be in the row,
 * or when the counter has moved on. */
#define TOKEN_IS(w, i) \
  (row.token_of == w && row.token_counter == sent[w].a[i].if_counter + 1 && row.token_attempt == i)
#ifdef BROKEN_token_of_earlier_counter
#define MINE(w, i) (sent[w].a[i].pending && TOKEN_IS(w, i))
#else
#define MINE(w, i) \
  (sent[w].a[i].pending && TOKEN_IS(w, i) && row.token_counter == row.counter && row.owner == OWNER_AFTER(w, i))
#endif
#define AS_LEFT(w) \
  (row.counter == worker[w].counter && row.token_of == w && row.token_counter == worker[w].counter && \
   row.token_attempt == worker[w].token_attempt && row.owner == w)

inline settle_hold(w) {
  i = worker[w].slot;
  if
#ifdef BROKEN_read_back_without_token
  :: row.counter == sent[w].a[i].if_counter + 1 && row.owner == OWNER_AFTER(w, i) ->
    /* C13: what is reported as stored is stored. */
    assert(sent[w].a[i].applied);
    commit(w, i)
#endif
  :: AS_LEFT(w) ->
    if
    :: worker[w].next == read_refused -> sent[w].a[i].pending = false
    :: else
    fi;
    worker[w].claim = row.claim
  :: else ->
    if
    :: MINE(w, 0) -> j = 0
    :: MINE(w, 1) -> j = 1
    :: MINE(w, 2) -> j = 2
    :: else -> j = NONE
    fi;
    if
    :: j != NONE ->
      assert(sent[w].a[j].applied);
      worker[w].claim = row.claim;
      commit(w, j);
      /* Who is told that its lease goes on has it, at that moment. */
      assert(worker[w].state == idle || AS_LEFT(w))
    :: else ->
      forget_all(w);
      end_hold(w)
    fi
  fi;
  stop_waiting(w);
  tidy_all(w);
  i = 0;
  j = 0
}

inline begin_hold(w, i) {
  worker[w].state = holding;
  worker[w].counter = sent[w].a[i].if_counter + 1;
  worker[w].token_attempt = i;
  worker[w].checkpoint = row.checkpoint;
  worker[w].done = row.checkpoint;
  worker[w].epoch = worker[w].counter;
#ifdef BROKEN_deadline_from_answer
  worker[w].committed_ago = 0;
#else
  worker[w].committed_ago = sent[w].a[i].sent_ago;
#endif
  worker[w].claimed_from = NOBODY
}

inline not_taken(w) {
  worker[w].state = idle;
  worker[w].seen.tried = true;
  worker[w].gone = worker[w].stopping
}

inline settle_take(w) {
  i = worker[w].slot;
  if
  :: TOKEN_IS(w, i) && row.token_counter == row.counter && row.owner == w ->
    begin_hold(w, i);
    worker[w].claim = row.claim
  :: else -> not_taken(w)
  fi;
  stop_waiting(w);
  tidy_all(w);
  i = 0
}

/* ---- Coordinator ---- */
#define SEEN worker[w].seen
#define SAME_TOKEN(w) \
  (row.token_of == SEEN.token_of && row.token_counter == SEEN.token_counter && \
   row.token_attempt == SEEN.token_attempt)
#define SAME_AS_SEEN(w) \
  (SEEN.any && row.counter == SEEN.counter && row.owner == SEEN.owner && SAME_TOKEN(w))

inline observe(w) {
  if
  :: !SAME_AS_SEEN(w) -> SEEN.since = 0
  :: else
  fi;
  if
  :: !SEEN.any || !SAME_TOKEN(w) -> SEEN.token_since = 0
  :: else
  fi;
  SEEN.any = true;
  SEEN.owner = row.owner;
  SEEN.counter = row.counter;
  SEEN.token_of = row.token_of;
  SEEN.token_attempt = row.token_attempt;
  SEEN.token_counter = row.token_counter;
  SEEN.tried = false;
  SEEN.claim = row.claim;
  SEEN.failover = row.failover
}

/* Lease::last_written_by_kclpp */
#define OURS_LAST(w) (SEEN.token_counter == SEEN.counter)
/* Unowned is free at once only if its holder released it, or it is new (R4). */
#ifdef BROKEN_unowned_is_free
#define IS_FREE(w) (SEEN.owner == NOBODY)
#else
#define IS_FREE(w) (SEEN.owner == NOBODY && OURS_LAST(w))
#endif
/* Given in answer to a claim, by the row's content alone (R5). */
#ifdef BROKEN_grant_by_claim_alone
#define GRANTED(w) (SEEN.owner == w && SEEN.claim == w)
#else
#define GRANTED(w) (SEEN.owner == w && SEEN.claim == w && OURS_LAST(w))
#endif
/* LeaseAges::expires_at. Of a row that Java wrote last the code waits 2 F at least; F is all that safety needs. */
#ifdef BROKEN_own_failover_only
#define HOLDERS(w) FAILOVER(w)
#else
#define HOLDERS(w) LONGER(FAILOVER(w), SEEN.failover)
#endif
#ifdef BROKEN_java_row_without_token_age
#define AGED(w) (SEEN.since >= (OURS_LAST(w) -> HOLDERS(w) : FAILOVER(w)))
#else
#define AGED(w) \
  (OURS_LAST(w) -> SEEN.since >= HOLDERS(w) : SEEN.since >= FAILOVER(w) && SEEN.token_since >= HOLDERS(w))
#endif
/* The deciding read of a take by age is strongly consistent: the row is as it was aged. */
#ifdef BROKEN_own_row_reserved
#define BY_AGE(w) (AGED(w) && SEEN.owner != w)
#else
#ifdef BROKEN_claimed_row_reserved
#define BY_AGE(w) (AGED(w) && (SEEN.claim == NOBODY || SEEN.claim == w))
#else
#define BY_AGE(w) AGED(w)
#endif
#endif
#define MAY_TAKE(w) (SEEN.any && !SEEN.tried && (IS_FREE(w) || GRANTED(w) || (BY_AGE(w) && SAME_AS_SEEN(w))))

#define W worker[w]

proctype KclppWorker(byte w) {
  byte i, j;
  end:
  do
  :: d_step { !W.gone && (!SAME_AS_SEEN(w) || row.claim != SEEN.claim || SEEN.tried) -> observe(w) }

  /* Taking. */
  :: d_step { !W.gone && !W.stopping && W.state == idle && READY(w) && MAY_TAKE(w) ->
       send_take(w) }
  :: d_step { !W.gone && W.state == taking && W.next == answer && !sent[w].a[W.slot].flying ->
       if
       :: W.was_applied -> i = W.slot; begin_hold(w, i); W.claim = W.answer_claim
       :: else -> not_taken(w)
       fi;
       stop_waiting(w);
       tidy_all(w);
       i = 0 }
  :: d_step { !W.gone && W.state == taking && W.next == read_unknown -> settle_take(w) }

  /* Holding: deliver, checkpoint, renew. */
  :: d_step { MAY_DELIVER(w) && !W.leaving && W.done < POSITIONS -> W.done++ }
  :: d_step { HOLDS(w) && READY(w) && W.done > W.checkpoint && VALID(w) && !IN_DOUBT(w) && writes > 0 ->
       writes--;
       send(w, store, W.done) }
  :: d_step { HOLDS(w) && READY(w) && (RENEWAL_DUE(w) || writes > 0) ->
       writes = (RENEWAL_DUE(w) -> writes : writes - 1);
       send(w, renew, 0) }
  /* Leaving: a claim, or the worker stops. Only once the last callback has returned is a write sent that gives up. */
  :: d_step { HOLDS(w) && !W.leaving && (W.claim != NOBODY || W.stopping) -> W.leaving = true }
  :: d_step { HOLDS(w) && W.leaving && READY(w) && VALID(w) ->
       if
       :: W.claim != NOBODY -> send(w, grant, W.done)
       :: else -> send(w, release, W.done)
       fi }
  :: d_step { HOLDS(w) && W.next == answer && !sent[w].a[W.slot].flying ->
       if
       :: W.was_applied -> i = W.slot; W.claim = W.answer_claim; commit(w, i); stop_waiting(w); tidy_all(w); i = 0
       :: else -> W.next = read_refused
       fi }
  :: d_step { HOLDS(w) && (W.next == read_unknown || W.next == read_refused) -> settle_hold(w) }

  /* An answer that never comes. */
  :: d_step { !W.gone && W.next == answer && unanswered > 0 && (LATE || !sent[w].a[W.slot].flying) ->
       unanswered--;
       W.was_applied = false;
       W.answer_claim = 0;
       W.next = read_unknown }

  /* Asking another worker to hand over, and taking that back. */
  :: d_step { !W.gone && !W.stopping && W.state == idle && W.claimed_from == NOBODY && W.claim_flies == NOBODY &&
              claims > 0 && SEEN.any && SEEN.owner != NOBODY && SEEN.owner != w && SEEN.claim == NOBODY ->
       claims--;
       W.claim_flies = SEEN.owner;
       W.claimed_from = SEEN.owner }
  :: d_step { !W.gone && W.state == idle && W.claimed_from != NOBODY && W.withdrawal_flies == NOBODY ->
       W.withdrawal_flies = W.claimed_from;
       W.claimed_from = NOBODY }

  /* Ends. */
  :: d_step { !W.gone && !W.stopping && stops > 0 ->
       stops--;
       W.stopping = true;
       W.gone = (W.state == idle) }
  :: d_step { !W.gone && crashes > 0 ->
       crashes--;
       end_hold(w);
       forget_all(w);
       stop_waiting(w);
       W.claimed_from = NOBODY;
       W.stopping = false;
       W.gone = true;
       SEEN.any = false;
       tidy_all(w) }
  od
}

/* The network: what was sent lands, or, once nobody waits for it, never does. */
#define CAN_LAND(w, i) (sent[w].a[i].flying)
#define CAN_VANISH(w, i) (sent[w].a[i].flying && !(worker[w].slot == i && worker[w].next == answer))

inline land_claim(w) {
  if
  :: row.owner == W.claim_flies && row.claim == NOBODY -> row.claim = w
  :: else
  fi;
  W.claim_flies = NOBODY
}

inline land_withdrawal(w) {
  if
#ifdef BROKEN_withdraw_whoever_owns
  :: row.claim == w -> row.claim = NOBODY
#else
  :: row.owner == W.withdrawal_flies && row.claim == w -> row.claim = NOBODY
#endif
  :: else
  fi;
  W.withdrawal_flies = NOBODY
}

proctype Network(byte w) {
  end:
  do
  :: d_step { CAN_LAND(w, 0) -> land(w, 0) }
  :: d_step { CAN_LAND(w, 1) -> land(w, 1) }
  :: d_step { CAN_LAND(w, 2) -> land(w, 2) }
  :: d_step { CAN_VANISH(w, 0) -> sent[w].a[0].flying = false; tidy(w, 0) }
  :: d_step { CAN_VANISH(w, 1) -> sent[w].a[1].flying = false; tidy(w, 1) }
  :: d_step { CAN_VANISH(w, 2) -> sent[w].a[2].flying = false; tidy(w, 2) }
  :: d_step { W.claim_flies != NOBODY -> land_claim(w) }
  :: d_step { W.withdrawal_flies != NOBODY -> land_withdrawal(w) }
  od
}

/* Others raise the counter and leave token and claim behind. */
inline foreign_write(new_owner) {
  row.owner = new_owner;
  row.counter++;
  row_epoch = 0
}

proctype Others() {
  end:
  do
  :: d_step { java > 0 && row.owner != JAVA_WORKER -> java--; foreign_write(JAVA_WORKER) }
  :: d_step { java > 0 && row.owner == JAVA_WORKER -> java--; foreign_write(JAVA_WORKER) } /* a renewal */
  :: d_step { java > 0 && row.owner == JAVA_WORKER -> java--; foreign_write(NOBODY) }      /* evicts itself */
  :: d_step { java > 0 && row.owner != 2 -> java--; foreign_write(2) }                     /* the 3.x leader assigns */
  :: d_step { operator_releases > 0 && row.owner != NOBODY -> operator_releases--; foreign_write(NOBODY) }
  od
}

#define TICKS(x) x = (x < LONGEST -> x + 1 : x)
#define YOUNG(x) (x < LONGEST)
#define COUNTS(w, i) (sent[w].a[i].kind != none && YOUNG(sent[w].a[i].sent_ago))
#define COUNTS_FOR(w) \
  ((HOLDS(w) && YOUNG(worker[w].committed_ago)) || \
   (!worker[w].gone && worker[w].seen.any && (YOUNG(worker[w].seen.since) || YOUNG(worker[w].seen.token_since))))

inline tick(w) {
  if
  :: HOLDS(w) -> TICKS(W.committed_ago)
  :: else
  fi;
  if
  :: SEEN.any && !W.gone -> TICKS(SEEN.since); TICKS(SEEN.token_since)
  :: else
  fi;
  for (i : 0 .. SLOTS - 1) {
    if
    :: sent[w].a[i].kind != none && (sent[w].a[i].pending || W.slot == i) -> TICKS(sent[w].a[i].sent_ago)
    :: else
    fi
  }
  i = 0
}

/* Holds, or waits for the answer to a take. */
#define BUSY(w) (!worker[w].gone && worker[w].state != idle)

proctype Time() {
  byte i;
  end:
  do
  :: d_step { TIME && (COUNTS_FOR(1) || COUNTS_FOR(2)) && (slow > 0 || !(BUSY(1) || BUSY(2))) ->
       slow = (BUSY(1) || BUSY(2) -> slow - 1 : slow);
       tick(1);
       tick(2) }
  od
}

#define RUNS_1 (MAY_DELIVER(1) && !worker[1].leaving && !STALE(1))
#define RUNS_2 (MAY_DELIVER(2) && !worker[2].leaving && !STALE(2))
#define WELL (RUNS_1 || RUNS_2 || (worker[1].gone && worker[2].gone))

/* C8, and that nobody is stuck: while a worker lives, whatever happened ends with one of them running the shard. */
proctype Promises() {
  end:
  do
  :: MAY_DELIVER(1) && MAY_DELIVER(2) -> assert(false)
  :: timeout -> assert(WELL); break
  od
}

init {
  atomic {
    /* As LeaseTable::create leaves it: nobody's, and last written by kclpp. */
    row.counter = 1;
    row.token_counter = 1;
    run KclppWorker(1);
    run KclppWorker(2);
    run Network(1);
    run Network(2);
    run Others();
    run Time();
    run Promises()
  }
}
