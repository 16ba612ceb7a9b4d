#pragma once

#include <algorithm>
#include <cstdlib>

// What scripts/mutate writes into a copy of the rules: each mutant has a number, and the variable MUTANT names the one
// that is active. Never included by the rules themselves.
#if defined(__clang__)
#pragma clang diagnostic ignored "-Weverything"
#else
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wparentheses"
#pragma GCC diagnostic ignored "-Wnarrowing"
#pragma GCC diagnostic ignored "-Wreturn-type"
#pragma GCC diagnostic ignored "-Wmisleading-indentation"
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#pragma GCC diagnostic ignored "-Wbool-compare"
#pragma GCC diagnostic ignored "-Wunused-value"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#endif

namespace roamguard::mutants {

inline int active() {
    static const int number = [] {
        const char* text = std::getenv("MUTANT");
        return text ? std::atoi(text) : 0;
    }();
    return number;
}
inline bool on(int number) { return active() == number; }
inline bool flip(int number, bool value) { return on(number) != value; }
template <int step = 1, class T>
T number(int which, T value) {
    return on(which) ? static_cast<T>(value + step) : value;
}

template <class A, class B>
bool less(int first, const A& a, const B& b) {
    return on(first) ? a <= b : on(first + 1) ? a >= b : a < b;
}
template <class A, class B>
bool at_most(int first, const A& a, const B& b) {
    return on(first) ? a < b : on(first + 1) ? a > b : a <= b;
}
template <class A, class B>
bool more(int first, const A& a, const B& b) {
    return on(first) ? a >= b : on(first + 1) ? a <= b : a > b;
}
template <class A, class B>
bool at_least(int first, const A& a, const B& b) {
    return on(first) ? a > b : on(first + 1) ? a < b : a >= b;
}
template <class A, class B>
bool same(int which, const A& a, const B& b) {
    return on(which) != (a == b);
}
template <class A, class B>
bool other(int which, const A& a, const B& b) {
    return on(which) != (a != b);
}

template <class A, class B>
auto plus(int which, const A& a, const B& b) {
    using Sum = decltype(a + b);
    if constexpr (requires { Sum(a - b); })
        return on(which) ? Sum(a - b) : a + b;
    else
        return on(which) ? Sum(a) : a + b;
}
template <class A, class B>
auto minus(int which, const A& a, const B& b) {
    using Difference = decltype(a - b);
    if constexpr (requires { Difference(a + b); })
        return on(which) ? Difference(a + b) : a - b;
    else
        return on(which) ? b - a : a - b;
}
template <class A, class B>
auto times(int which, const A& a, const B& b) {
    using Product = decltype(a * b);
    if constexpr (requires { Product(a / b); })
        return on(which) ? Product(a / b) : a * b;
    else
        return on(which) ? Product(a) : a * b;
}
template <class A, class B>
auto divided(int which, const A& a, const B& b) {
    return on(which) ? decltype(a / b)(a * b) : a / b;
}

}  // namespace roamguard::mutants

namespace mutants = roamguard::mutants;
