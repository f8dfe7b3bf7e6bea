/* The life of one job under everything that can go wrong: a model for Spin of what job_ops.cpp, claim.cpp, job_store.cpp
 * and detail/core.cpp do. `./run check model` verifies it, and that each of the mistakes below is refuted:
 *
 *   NO_FENCE     writes of an attempt are applied whoever holds the lease
 *   NO_GUARD     an action is applied whatever has become of the state that it was decided on
 *   SPLIT        effects and end of a job are two transactions
 *   NO_POLL      workers claim only when they are told of a job
 *   NO_HANDBACK  what a worker holds without knowing stays its own
 *
 * An atomic block that reads or writes the database is one transaction. Time is left out: a worker that is alive may be
 * silent for longer than its lease at any moment, which is a fault, as is a lost answer, a lost notification or a crash.
 * Faults and people's actions are bounded, so every run ends; a run that ends with the job unfinished is a deadlock. */

#ifndef FAULTS
#define FAULTS 4
#endif
#define WORKERS 2
#define LIVES (2 * WORKERS)  /* a process that dies comes back under another id */
#ifndef PEOPLE
#define PEOPLE 1             /* who try a failed job again */
#endif
#define ATTEMPTS_MAX 2
#define LOSSES_MAX 2
#define NOBODY 255

mtype = { absent, queued, retry_wait, running, cancelling, completed, failed, cancelled };

/* The database */
mtype state = absent;
byte attempt, losses, effects;
byte holder = NOBODY;   /* of the lease */
byte token;             /* of the lease */
bool known[LIVES];      /* rows of workers */

/* The world */
byte faults = FAULTS;
bool dead[LIVES];
byte mine[WORKERS];     /* token of the attempt that runs in a process; 0: none */
byte id_of[WORKERS];    /* of the life that a process lives */
byte busy = PEOPLE + 2; /* people and clients that have not finished */
#ifdef NO_POLL
bool told;
#endif

/* What was promised */
bool accepted, cancel_promised;

#define ended (state == completed || state == failed || state == cancelled)
#define owns(w, t) (holder == w && token == t && (state == running || state == cancelling))

#ifdef NO_FENCE
#define fence(w, t) (state == running || state == cancelling)
#else
#define fence(w, t) owns(w, t)
#endif

#ifdef NO_GUARD
#define guard(s) true
#else
#define guard(s) (state == s)
#endif

/* Tokens are random and never come again. Here one that no attempt has stands for that: fewer states, the same runs. */
inline fresh_token() {
    if
    :: mine[0] != 1 && mine[1] != 1 -> token = 1
    :: else ->
        if
        :: mine[0] != 2 && mine[1] != 2 -> token = 2
        :: else -> token = 3
        fi
    fi
}

/* Something goes wrong, as long as there is something left to go wrong. */
inline fault() { faults > 0; faults-- }

inline end_as(s) {
    assert(!ended);  /* one end */
    state = s;
    holder = NOBODY;
    token = 0;
}

inline to_queue() {
    state = queued;
    holder = NOBODY;
    token = 0;
#ifdef NO_POLL
    if
    :: told = true
    :: fault()
    fi
#endif
}

/* Without counting the attempt. */
inline hand_back() {
    if
    :: state == cancelling -> end_as(cancelled)
    :: else -> attempt--; to_queue()
    fi
}

/* The worker is given up by the others, with what it holds. */
inline rescue(v) {
    known[v] = false;
    if
    :: holder == v ->
        losses++;
        if
        :: state == cancelling -> end_as(cancelled)
        :: state == running && losses >= LOSSES_MAX -> end_as(failed)
        :: else -> to_queue()
        fi
    :: else
    fi
}

#define may_give_up(v) (v != me && known[v] && (dead[v] || faults > 0))
inline give_up(v) {
    if
    :: dead[v]
    :: else -> faults--
    fi;
    rescue(v)
}

/* The answer to a transaction of the attempt comes, or is lost: then the worker does not know and goes on. */
inline answered() {
    if
    :: mine[place] = 0
    :: fault()
    fi
}

/* The process in which the job is stored has a slot free: its attempt begins in the same transaction. Only the process can
 * die between that and hearing of it, or the answer be lost. */
#define has_seat(place) (known[id_of[place]] && mine[place] == 0)
inline start_on_seat(place) {
    state = running;
    attempt++;
    fresh_token();
    holder = id_of[place];
    if
    :: mine[place] = token
    :: fault()
    fi
}

proctype Worker(byte place) {
    byte me = place;    /* its id, another one in its second life */
    id_of[place] = me;
    known[me] = true;
    do
    /* Claim. A retry that is due goes to the queue first. */
    :: atomic { state == retry_wait -> to_queue() }
#ifdef NO_POLL
    :: atomic { told && state == queued && known[me] && mine[place] == 0 ->
        told = false;
#else
    :: atomic { state == queued && known[me] && mine[place] == 0 ->
#endif
        assert(!cancel_promised);
        assert(holder == NOBODY);  /* one owner */
        state = running;
        attempt++;
        fresh_token();
        holder = me;
        if
        :: mine[place] = token
        :: fault()
        fi
      }

    /* The handler returns: effects and end in one transaction. */
#ifdef SPLIT
    :: atomic { mine[place] != 0 && fence(me, mine[place]) -> effects++ }
        atomic {
            if
            :: fence(me, mine[place]) -> end_as(completed)
            :: else
            fi;
            mine[place] = 0
        }
#else
    :: atomic { mine[place] != 0 ->
        if
        :: fence(me, mine[place]) -> assert(owns(me, mine[place])); effects++; end_as(completed); answered()
        :: else -> mine[place] = 0
        fi
      }
#endif
    /* It throws, also when the answer to its end was lost. */
    :: atomic { mine[place] != 0 ->
        if
        :: fence(me, mine[place]) ->
            assert(owns(me, mine[place]));
            if
            :: state == cancelling -> end_as(cancelled)
            :: state == running && attempt < ATTEMPTS_MAX -> state = retry_wait; holder = NOBODY; token = 0
            :: state == running -> end_as(failed)
            fi;
            answered()
        :: else -> mine[place] = 0
        fi
      }
    /* Snoozed, or handed back by a process that stops. */
    :: atomic { mine[place] != 0 && faults > 0 ->
        faults--;
        if
        :: fence(me, mine[place]) -> assert(owns(me, mine[place])); hand_back()
        :: else
        fi;
        mine[place] = 0
      }

    /* Beat: given up by the others, it says hello again, perhaps while its handler still runs. */
    :: atomic { !known[me] -> known[me] = true; if :: mine[place] = 0 :: true fi }
#ifndef NO_HANDBACK
    /* What it holds and does not run: the answer to the claim was lost, or the attempt was given up. */
    :: atomic { holder == me && known[me] && !(mine[place] == token) -> hand_back() }
#endif
    /* Others: the dead are given up, and now and then somebody who lives. */
    :: atomic { may_give_up(0) -> give_up(0) }
    :: atomic { may_give_up(1) -> give_up(1) }
    :: atomic { may_give_up(2) -> give_up(2) }
    :: atomic { may_give_up(3) -> give_up(3) }
    /* It dies, and comes back. */
    :: atomic { me < WORKERS && faults > 0 ->
        faults--;
        dead[me] = true;
        me = me + WORKERS;
        id_of[place] = me;
        mine[place] = 0;
        known[me] = true
      }
    :: atomic { ended && busy == 0 && mine[place] == 0 -> break }
    od
}

/* Sends the job until it is told that it was accepted; a second time changes nothing. */
proctype Creator() {
    do
    :: atomic {
        if
        :: state == absent -> to_queue()
        :: state == absent && has_seat(0) -> start_on_seat(0)
        :: state == absent && has_seat(1) -> start_on_seat(1)
        :: state != absent
        fi;
        if
        :: accepted = true; break
        :: fault()
        fi
      }
    od;
    busy--
}

/* Looks, and cancels what it has seen. */
proctype Canceller() {
    mtype seen;
    accepted;
    atomic { seen = state };
    atomic {
        if
        :: seen != completed && seen != failed && seen != cancelled && guard(seen) ->
            if
            :: state == running -> state = cancelling
            :: state == cancelling
            :: else -> end_as(cancelled)
            fi;
            if
            :: cancel_promised = true
            :: fault()
            fi
        :: true  /* too late, refused, or it lets it be */
        fi;
        busy--
    }
}

/* Looks, and asks for a failed or cancelled job once more. */
proctype Person() {
    mtype seen;
    accepted;
    atomic { seen = state };
    atomic {
        if
        :: (seen == failed || seen == cancelled) && guard(seen) ->
            attempt = 0;
            losses = 0;
            cancel_promised = false;
            to_queue()
        :: true  /* nothing to do, refused, or it lets it be */
        fi;
        busy--
    }
}

init {
    atomic {
        run Creator();
        run Canceller();
        run Person();
#if PEOPLE > 1
        run Person();
#endif
        run Worker(0);
        run Worker(1)
    }
}

ltl nothing_lost { [] (accepted -> state != absent) }
ltl effect_once { [] (effects <= 1 && (effects == 1 -> state == completed)) }
ltl lease_while_it_runs { [] ((holder != NOBODY) == (state == running || state == cancelling)) }
ltl everything_ends { <> [] ended }
