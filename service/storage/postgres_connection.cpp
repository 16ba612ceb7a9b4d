#include "service/storage/postgres_connection.h"

#include <poll.h>

#include <atomic>
#include <cstring>

#include "service/storage/clean_text.h"
#include "service/storage/engines.h"

namespace roamguard::storage {
namespace postgres {
namespace {

std::atomic<std::int64_t> trips{0};

void put(std::string& into, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8)
        into += static_cast<char>(value >> shift & 0xff);
}
void put(std::string& into, std::uint64_t value) {
    put(into, static_cast<std::uint32_t>(value >> 32));
    put(into, static_cast<std::uint32_t>(value));
}

std::string one_line(const char* text) {
    std::string line = text ? text : "";
    while (!line.empty() && line.back() == '\n')
        line.pop_back();
    for (char& c : line)
        if (c == '\n') c = ' ';
    return line;
}

std::string field_of(const PGresult* result, int field) {
    const char* text = PQresultErrorField(result, field);
    return text ? text : "";
}

Oid array_of(Column::Kind kind) {
    switch (kind) {
        case Column::Kind::integers:
            return 1016;
        case Column::Kind::bytes:
            return 1001;
        case Column::Kind::texts:
            return 1009;
    }
    throw std::logic_error("a column of no kind");
}

bool meets_another(const std::string& table) {
    return table == "alias" || table == "seen" || table == "customer" || table == "tariff_version" ||
           table == "tariff_file" || table == "tariff_audit" || table == "finding";
}

}  // namespace

std::string masked(std::string_view url) {
    std::string text(url);
    const std::size_t scheme = text.find("://");
    const std::size_t at = text.rfind('@');
    if (scheme != std::string::npos && at != std::string::npos && at > scheme)
        if (const std::size_t colon = text.find(':', scheme + 3); colon < at)
            text.replace(colon + 1, at - colon - 1, "***");
    // Only what is known to be harmless is shown of the rest: a misspelt `password` is one too.
    static const std::set<std::string> shown{"sslmode", "host", "port", "user", "dbname", "target_session_attrs"};
    std::size_t name = text.find('?');
    while (name != std::string::npos && ++name < text.size()) {
        const std::size_t end = std::min(text.find('&', name), text.size());
        const std::size_t equals = std::min(text.find('=', name), end);
        if (equals < end && !shown.count(text.substr(name, equals - name)))
            text.replace(equals + 1, end - equals - 1, "***");
        name = text.find('&', name);
    }
    return text;
}

Column::Column(Kind kind) : kind_(kind) { bytes_.resize(20); }

void Column::add(std::int64_t value) {
    ++count_;
    put(bytes_, std::uint32_t{8});
    put(bytes_, static_cast<std::uint64_t>(value));
}

void Column::add(std::string_view bytes) {
    ++count_;
    const auto append = [&](std::string_view raw) {
        put(bytes_, static_cast<std::uint32_t>(raw.size()));
        bytes_.append(raw);
    };
    kind_ == Kind::texts ? append(clean_text(bytes)) : append(bytes);
}

void Column::add_null() {
    ++count_;
    has_null_ = 1;
    put(bytes_, std::uint32_t{0xffffffff});
}

std::string Column::take() {
    std::string header;
    put(header, std::uint32_t{1});  // dimensions
    put(header, has_null_);
    put(header, static_cast<std::uint32_t>(kind_));
    put(header, count_);
    put(header, std::uint32_t{1});  // the first index
    bytes_.replace(0, header.size(), header);
    return std::move(bytes_);
}

Parameters& Parameters::add(std::int64_t value) {
    types_.push_back(20);
    put(values_.emplace_back(), static_cast<std::uint64_t>(value));
    return *this;
}
Parameters& Parameters::text(std::string_view value) {
    types_.push_back(25);
    values_.push_back(clean_text(value));
    return *this;
}
Parameters& Parameters::bytes(std::string_view value) {
    types_.push_back(17);
    values_.emplace_back(value);
    return *this;
}
Parameters& Parameters::add(Column column) {
    types_.push_back(array_of(column.kind()));
    values_.push_back(column.take());
    return *this;
}

std::int64_t Rows::integer(int row, int column) const {
    const auto* bytes = reinterpret_cast<const unsigned char*>(PQgetvalue(result_.get(), row, column));
    const int length = PQgetlength(result_.get(), row, column);
    if (length != 8 && length != 4) throw std::logic_error("a column that is no integer was read as one");
    std::uint64_t value = 0;
    for (int i = 0; i < length; ++i)
        value = value << 8 | bytes[i];
    return length == 4 ? static_cast<std::int32_t>(value) : static_cast<std::int64_t>(value);
}

std::optional<Instant> Rows::maybe_instant(int row, int column) const {
    if (null(row, column)) return std::nullopt;
    return instant(row, column);
}

std::string Rows::text(int row, int column) const {
    return {PQgetvalue(result_.get(), row, column), static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

int Rows::changed() const {
    const char* count = PQcmdTuples(result_.get());
    return *count ? std::stoi(count) : 0;
}

std::exception_ptr failure_of(const PGresult* result) {
    const std::string state = field_of(result, PG_DIAG_SQLSTATE);
    const std::string table = field_of(result, PG_DIAG_TABLE_NAME);
    // Never the detail: it may quote a row, and a row may hold a phone number.
    const std::string sentence =
        "the database did not carry out a statement: " + field_of(result, PG_DIAG_MESSAGE_PRIMARY) + " (" + state + ")";
    if (state == "40001" || state == "40P01" || (state == "23505" && meets_another(table)))
        return std::make_exception_ptr(StoreConflict(sentence));
    const std::string klass = state.substr(0, 2);
    // 25006: it became a standby. 25P0x: the transaction was idle too long. 55, 57: a lock or a time limit, a shutdown.
    const bool away = state.empty() || klass == "08" || klass == "53" || klass == "55" || klass == "57" ||
                      klass == "58" || klass == "40" || klass == "XX" || klass == "28" || state == "25006" ||
                      state.rfind("25P", 0) == 0;
    if (away) return std::make_exception_ptr(StoreUnavailable(sentence));
    return std::make_exception_ptr(std::runtime_error(sentence));
}

Connection::Connection(const std::string& url, Use use) : connection_(nullptr, &PQfinish) {
    // What the address says itself comes after, and wins. A server that is gone is noticed within a quarter of a
    // minute.
    const char* names[] = {"connect_timeout",
                           "keepalives",
                           "keepalives_idle",
                           "keepalives_interval",
                           "keepalives_count",
                           "tcp_user_timeout",
                           "application_name",
                           "target_session_attrs",
                           "dbname",
                           "client_encoding",
                           nullptr};
    const char* values[] = {"3", "1", "5", "3", "3", "15000", "roamguard", "read-write", url.c_str(), "UTF8", nullptr};
    connection_.reset(PQconnectdbParams(names, values, 1));
    if (!connection_ || PQstatus(connection_.get()) != CONNECTION_OK)
        throw StoreUnavailable("cannot connect to the database " + masked(url) + ": " +
                               one_line(PQerrorMessage(connection_.get())));
    PQsetNoticeProcessor(
        connection_.get(), [](void*, const char*) {}, nullptr);
    if (PQenterPipelineMode(connection_.get()) != 1) throw StoreUnavailable("the connection takes no pipeline mode");
    if (use == Use::read) patience_ = std::chrono::seconds(8);
    if (use == Use::move) patience_ = std::chrono::hours(24);  // no statement has a limit then
    settle(use);
}

void Connection::settle(Use use) {
    queue("SET lock_timeout=5000");
    // Counting a large table takes its time, and while one side of a move works the other waits. Otherwise an instance
    // that froze must not keep its customers' rows from the others.
    queue(use == Use::move ? "SET statement_timeout=0" : "SET statement_timeout=15000");
    queue(use == Use::move ? "SET idle_in_transaction_session_timeout=0"
                           : "SET idle_in_transaction_session_timeout=15000");
    if (use == Use::read) queue("SET default_transaction_read_only=on");
    (void)flush();
    if (use != Use::write && use != Use::move) return;
    const auto commits = [this] { return run("SELECT current_setting('synchronous_commit')").text(0, 0); };
    if (commits() == "off") (void)run("SET synchronous_commit=on");
    if (commits() == "off")
        throw StoreUnavailable("the database keeps synchronous_commit off, so that nothing it confirms is durable");
}

void Connection::queue(const char* sql, Parameters parameters) {
    const auto fits = [&](int sent) {
        if (sent != 1) lost();
    };
    const std::string name = "s" + std::to_string(reinterpret_cast<std::uintptr_t>(sql));
    if (!prepared_.count(sql) && !being_prepared_.count(sql)) {
        fits(PQsendPrepare(connection_.get(), name.c_str(), sql, static_cast<int>(parameters.types_.size()),
                           parameters.types_.data()));
        queued_.push_back({Queued::What::preparation, sql});
        being_prepared_.insert(sql);
    }
    std::vector<const char*> values;
    std::vector<int> lengths, formats;
    for (const std::string& value : parameters.values_) {
        values.push_back(value.data());
        lengths.push_back(static_cast<int>(value.size()));
        formats.push_back(1);
    }
    fits(PQsendQueryPrepared(connection_.get(), name.c_str(), static_cast<int>(values.size()), values.data(),
                             lengths.data(), formats.data(), 1));
    queued_.push_back({Queued::What::statement, sql});
}

/// libpq itself waits without end: a server that is frozen, or waits for its standby, would take every request with it.
PGresult* Connection::next_result() {
    while (PQisBusy(connection_.get())) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(answer_by_ - Clock::now());
        pollfd waiting{PQsocket(connection_.get()), POLLIN, 0};
        const int ready = left.count() > 0 ? ::poll(&waiting, 1, static_cast<int>(left.count())) : 0;
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) {
            broken_ = true;
            throw StoreUnavailable("the database did not answer in time");
        }
        if (PQconsumeInput(connection_.get()) != 1) lost();
    }
    return PQgetResult(connection_.get());
}

std::vector<Rows> Connection::flush() {
    answer_by_ = Clock::now() + patience_;
    if (PQpipelineSync(connection_.get()) != 1) lost();
    trips.fetch_add(1, std::memory_order_relaxed);
    std::vector<Rows> rows;
    std::exception_ptr failure;
    const std::deque<Queued> waiting = std::exchange(queued_, {});
    for (const Queued& one : waiting)
        receive(one, rows, failure);
    being_prepared_.clear();
    const std::unique_ptr<PGresult, void (*)(PGresult*)> end(next_result(), &PQclear);
    if (!end || PQresultStatus(end.get()) != PGRES_PIPELINE_SYNC) broken_ = true;
    if (failure) std::rethrow_exception(failure);
    if (broken_) lost();
    return rows;
}

void Connection::receive(const Queued& queued, std::vector<Rows>& rows, std::exception_ptr& failure) {
    if (broken_) return;
    PGresult* result = next_result();
    if (!result) {
        broken_ = true;
        return;
    }
    Rows one(result);
    switch (PQresultStatus(result)) {
        case PGRES_COMMAND_OK:
        case PGRES_TUPLES_OK:
            if (queued.what == Queued::What::preparation)
                prepared_.insert(queued.sql);
            else
                rows.push_back(std::move(one));
            break;
        case PGRES_PIPELINE_ABORTED:
            break;
        default:
            if (!failure) failure = failure_of(result);
    }
    if (PQstatus(connection_.get()) != CONNECTION_OK) {
        broken_ = true;
        if (!failure) failure = failure_of(result);
        return;
    }
    if (PGresult* more = next_result()) {  // each answer ends with nothing
        PQclear(more);
        broken_ = true;
    }
}

void Connection::lost() {
    broken_ = true;
    throw StoreUnavailable("the connection to the database is lost: " + one_line(PQerrorMessage(connection_.get())));
}

Rows Connection::run(const char* sql, Parameters parameters) {
    queue(sql, std::move(parameters));
    return std::move(flush().front());
}

void Connection::script(const std::string& sql) {
    if (PQexitPipelineMode(connection_.get()) != 1) lost();
    PGresult* result = PQexec(connection_.get(), sql.c_str());
    const Rows holder(result);
    const ExecStatusType status = PQresultStatus(result);
    if (PQenterPipelineMode(connection_.get()) != 1) lost();
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) std::rethrow_exception(failure_of(result));
}

bool Connection::in_transaction() const {
    const PGTransactionStatusType status = PQtransactionStatus(connection_.get());
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

bool Connection::wait_for_notification(std::chrono::milliseconds patience) {
    pollfd waiting{PQsocket(connection_.get()), POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(patience.count())) <= 0) return false;
    if (PQconsumeInput(connection_.get()) != 1) lost();
    bool came = false;
    while (PGnotify* notification = PQnotifies(connection_.get())) {
        PQfreemem(notification);
        came = true;
    }
    return came;
}

std::int64_t Connection::round_trips() { return trips.load(std::memory_order_relaxed); }

}  // namespace postgres

std::string shown_postgres_url(const std::string& url) { return postgres::masked(url); }

void check_postgres_url(const std::string& url) {
    char* fault = nullptr;
    PQconninfoOption* options = PQconninfoParse(url.c_str(), &fault);
    if (fault) PQfreemem(fault);  // it quotes the address, password and all
    bool sound = options != nullptr;
    // An @ or : of the password that is not encoded ends up here, and would be quoted when connecting.
    for (const PQconninfoOption* one = options; one && one->keyword; ++one) {
        const std::string_view name = one->keyword, value = one->val ? one->val : "";
        if (name == "port" && value.find_first_not_of("0123456789,") != std::string_view::npos) sound = false;
        if (name == "host" && value.find('@') != std::string_view::npos) sound = false;
    }
    PQconninfoFree(options);
    if (sound) return;
    throw StoreUnavailable(
        "store: libpq cannot read this address; it must be postgresql://USER:PASSWORD@HOST:PORT/DATABASE, special "
        "characters in the password percent-encoded, not " +
        postgres::masked(url));
}

}  // namespace roamguard::storage
