// The first process of a container (PID 1) has duties that no program wants. Signals that a program does not handle
// never end it, and every process that loses its parent becomes its child and stays a zombie until somebody waits for
// it; but a wait for whoever ends would take away those that others in the program wait for.
#pragma once

#include <functional>

namespace kcl::base {

/// What `work` returns. In the first process `work` runs in a child, and this process is nothing but its init: it hands
/// on what signals it gets, waits for whatever ends, and returns when that child has ended: its exit code, or 128 and
/// the number of the signal that ended it. To be called before there are threads; returns in both processes.
int as_first_process(const std::function<int()>& work);

/// The same whichever process this is: of processes that lose their parent it gets those that the system gives it.
int as_init_of(const std::function<int()>& work);

}  // namespace kcl::base
