#include <catch2/catch.hpp>

#include "tests/protection/story.h"

// Contract, section 7: where the customer is not the payer, the payer's answer decides and the user is told.
namespace roamguard::protection::testing {
namespace {

using notifications::SmsReply;

const Traveller child{R"({"msisdn":"+447700900042","payer":{"msisdn":"+447700900100"}})", "", "", "", false};
const Traveller machine{R"({"msisdn":"+447700900042","payer":{"msisdn":"+447700900100"},"kind":"m2m","hold":true})", "",
                        "", "", false};

const std::string both_asked = "confirm_cap monthly/1/100 to payer, confirm_cap monthly/1/100";
const std::vector<Step> cap_reached{
    {"0h: attach 440-10", "welcomed", "welcome", ""},
    {"1h: use 12 MB on 440-10", "cap_reached, confirmation_requested, counted", both_asked, "data held"}};

Tale tale(std::string title, const std::vector<Step>& steps, Traveller who = child) {
    std::vector<Step> all = cap_reached;
    all.insert(all.end(), steps.begin(), steps.end());
    return {std::move(title), std::move(who), std::move(all)};
}

}  // namespace

TEST_CASE("the payer is asked and decides, and both read the answer") {
    tell_all({
        tale("yes", {{"payer 1", "", "receipt monthly/1 to payer, receipt monthly/1",
                      "replied confirmed, stage 2, data allowed, chosen extend"}}),
        tale("with the code",
             {{"payer 1 CODE", "", "receipt monthly/1 to payer, receipt monthly/1", "replied confirmed, stage 2"}}),
        tale("no", {{"payer NO CODE", "", "declined monthly/1 to payer, declined monthly/1",
                     "replied declined, data blocked"}}),
        tale("what selects nothing is answered to the payer alone",
             {{"payer 3", "", "help to payer", "replied helped, note not_understood, offers 2, question pending"}}),
        tale("no after a yes", {{"payer 1", "", "receipt monthly/1 to payer, receipt monthly/1", ""},
                                {"payer NO CODE", "", "declined monthly/1 to payer, declined monthly/1",
                                 "replied reopened, stage 1, data blocked"}}),
        tale("a wish to continue after a no", {{"payer NO", "", "declined monthly/1 to payer, declined monthly/1", ""},
                                               {"payer 1 CODE", "confirmation_requested", both_asked,
                                                "replied asked_again, data held, question pending"}}),
        {"at a destination",
         child,
         {{"attach 901-14", "confirmation_requested", "confirm_destination to payer, confirm_destination",
           "data held, offers 0"},
          {"payer YES", "", "receipt to payer, receipt", "replied confirmed, data allowed"}}},
        {"of a machine nobody else reads it",
         machine,
         {{"attach 901-14", "confirmation_requested", "confirm_destination to payer", "data held, offers 2"},
          {"payer YES", "", "receipt to payer", "replied confirmed, data allowed"}}},
        {"of a person both read it",
         {R"({"msisdn":"+447700900042","payer":{"msisdn":"+447700900100"},"kind":"person"})", "", "", "", false},
         {{"attach 901-14", "confirmation_requested", "confirm_destination to payer, confirm_destination",
           "data held"}}},
        tale(
            "a limit that is raised meanwhile releases and tells both",
            {{R"(profile {"caps":[{"id":"monthly","services":["data"],"amount":"20.00","currency":"GBP","period":"month"}]})",
              "", "released monthly/1 to payer, released monthly/1", "data allowed, question withdrawn"}}),
    });
}

TEST_CASE("what a payer reads says which line it is about, the number masked") {
    struct Row {
        std::string title, profile, line;
    };
    std::vector<Tale> tales;
    for (const Row& row : {Row{"by its number", R"("msisdn":"+447700900042","id":"c-81")", "+447*******42"},
                           {"by its id where it has none", R"("id":"c-81")", "c-81"}})
        tales.push_back({row.title,
                         {"{" + row.profile + R"(,"payer":{"msisdn":"+447700900100"}})", "", "", "", false},
                         {{"attach 901-14", "confirmation_requested",
                           "confirm_destination to payer, confirm_destination", "shows line none"},
                          {"payer 3", "", "help to payer", "shows line " + row.line}}});
    tell_all(tales);
}

TEST_CASE("the user's own SMS does not decide for the payer, but always stops costs") {
    const std::string asked = "replied helped, note none, offers 0, data held, question pending, stage 1";
    tell_all({
        tale("a number", {{"reply 1", "", "help", asked}}),
        tale("a number with the payer's code", {{"reply 1 CODE", "", "help", asked}}),
        tale("a yes", {{"reply YES", "", "help", asked}}),
        tale("a no", {{"reply NO", "", "help", asked}}),
        tale("HELP", {{"reply HELP", "", "help", asked}}),
        tale("a no after the payer's yes closes the stage again, and is answered to the user",
             {{"payer 1", "", "receipt monthly/1 to payer, receipt monthly/1", "data allowed"},
              {"reply NO", "", "declined monthly/1", "replied reopened, stage 1, data blocked"}}),
        tale("a wish to continue has the payer asked again",
             {{"payer NO", "", "declined monthly/1 to payer, declined monthly/1", "data blocked"},
              {"reply YES", "confirmation_requested", both_asked, "replied asked_again, data held"},
              {"reply YES", "", "help", asked}}),
        tale("once nobody else pays it is the user's",
             {{R"(profile {"payer":null})", "", "", "question pending"},
              {"reply 1", "", "receipt monthly/1", "replied confirmed, stage 2"}}),
    });
}

TEST_CASE("an app answers for the payer only in the payer's name, care and a link always") {
    struct Row {
        const char *by, *actor;
        AnswerResult result;
    };
    for (const Row& row : {Row{"app", "", AnswerResult::payer_decides},
                           {"app", "+447700900042", AnswerResult::payer_decides},
                           {"app", "+447700900100", AnswerResult::accepted},
                           {"care", "agent-7", AnswerResult::accepted},
                           {"link", "", AnswerResult::accepted}}) {
        CustomerState state;
        state.profile.payer = *notifications::Msisdn::parse("+447700900100");
        Question question;
        question.id = "q-1";
        question.payer_decides = true;
        question.choices = {"extend", "decline"};
        question.expires = hour("9h");
        state.questions = {question};
        Rules rules;
        const Terms terms;
        const tariffs::Book book;
        CAPTURE(row.by, row.actor);
        CHECK(decide_answer({"q-1", "decline", row.by, row.actor}, terms, {&book, &networks(), &rules}, hour("1h"), "a",
                            state)
                  .result == row.result);
    }
}

namespace {

/// `A1` is an open question with code 0001 asked in hour 1, in lower case a closed one; `x` one the user decides.
CustomerState line_with(std::string_view questions) {
    CustomerState state;
    state.profile.payer = *notifications::Msisdn::parse("+447700900100");
    for (std::size_t i = 0; i + 1 < questions.size(); i += 2) {
        Question question;
        const char letter = questions[i];
        question.state = letter >= 'a' ? QuestionState::declined : QuestionState::pending;
        question.code = std::string("000") + static_cast<char>((letter & 31) + '0');
        question.asked = hour(std::string(1, questions[i + 1]) + "h");
        question.expires = hour("9h");
        question.payer_decides = true;
        state.questions.push_back(question);
    }
    return state;
}

std::string meaning(const std::string& text, const std::string& own, const std::vector<std::string>& lines,
                    const char* at = "8h") {
    CustomerState mine = line_with(own);
    for (Question& question : mine.questions)
        question.payer_decides = false;
    std::vector<CustomerState> states;
    for (const std::string& line : lines)
        states.push_back(line_with(line));
    std::vector<const CustomerState*> pointers;
    for (const CustomerState& state : states)
        pointers.push_back(&state);
    const Meant meant = meant_by(notifications::read_sms_reply(text), mine, pointers, hour(at));
    return meant.unclear ? "unclear" : meant.line ? "line " + std::to_string(*meant.line) : "own";
}

}  // namespace

TEST_CASE("a payer's SMS is about the one question it can be about, else the code is needed") {
    struct Row {
        std::string text, own;
        std::vector<std::string> lines;
        std::string meant;
    };
    const std::vector<Row> rows{
        // without lines everything is about one's own
        {"1", "A1", {}, "own"},
        {"1 0001", "", {}, "own"},
        // one line
        {"1", "", {"A1"}, "line 0"},
        {"YES", "", {"A1"}, "line 0"},
        {"NO", "", {"A1"}, "line 0"},
        {"1 0001", "", {"A1"}, "line 0"},
        {"1 0002", "", {"A1"}, "unclear"},
        {"1 0002", "", {"a1"}, "own"},
        {"1", "A1", {""}, "own"},
        {"1", "A1", {"B2"}, "unclear"},
        {"NO", "A1", {"B2"}, "unclear"},
        {"1 0001", "A1", {"B2"}, "own"},
        {"1 0002", "A1", {"B2"}, "line 0"},
        {"1", "", {"A1B2"}, "unclear"},
        {"1 0002", "", {"A1B2"}, "line 0"},
        // nothing open: the question asked last
        {"NO", "a1", {"b2"}, "line 0"},
        {"NO", "a2", {"b1"}, "own"},
        {"NO", "a1", {"b1"}, "own"},  // asked at one time: one's own
        {"NO", "", {""}, "own"},
        {"1 0001", "", {"a1"}, "line 0"},
        // several lines
        {"1", "", {"A1", ""}, "unclear"},
        {"YES", "", {"A1", ""}, "unclear"},
        {"NO", "", {"a1", ""}, "unclear"},
        {"1", "A1", {"", ""}, "unclear"},
        {"1", "", {"", ""}, "own"},
        {"1 0001", "", {"", "A1"}, "line 1"},
        {"NO 0002", "A1", {"B2", "C3"}, "line 0"},
        {"1 0001", "A1", {"", "A1"}, "unclear"},
        {"1 0001", "a2", {"", "A1"}, "line 1"},
        {"1 0001", "a2", {"", "a1"}, "own"},
        {"1 0001", "", {"a1", "a2"}, "line 1"},
        {"1 0001", "", {"a2", "a1"}, "line 0"},
        {"1 0001", "", {"a1", "a1"}, "line 1"},
        {"1 0001", "", {"A1a2", ""}, "line 0"},
        // what is never about a line
        {"USAGE", "", {"A1"}, "own"},
        {"STOP", "", {"A1"}, "own"},
        {"CAP 5", "", {"A1"}, "own"},
        {"what?", "", {"A1"}, "own"},
        {"HELP", "A1", {""}, "own"},
        {"HELP", "", {"A1"}, "unclear"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text, row.own, row.lines);
        CHECK(meaning(row.text, row.own, row.lines) == row.meant);
    }
    CHECK(meaning("1", "A1", {"B2"}, "9h") == "line 0");
    CHECK(meaning("1", "A1", {"B2"}, "10h") == "line 0");  // both have expired: the one asked last
}

TEST_CASE("a question that somebody else decides is never meant") {
    const CustomerState theirs = line_with("A1");
    CustomerState own = line_with("B2");  // their own payer decides it
    SECTION("of the writer's own line") {
        CHECK(meant_by(notifications::read_sms_reply("1"), own, {&theirs}, hour("8h")).line == std::size_t{0});
    }
    SECTION("of a line, asked before anybody paid for it") {
        CustomerState earlier = line_with("C3");
        earlier.questions.front().payer_decides = false;
        own.questions.clear();
        CHECK(meant_by(notifications::read_sms_reply("1"), own, {&earlier}, hour("8h")).line == std::nullopt);
        CHECK(!meant_by(notifications::read_sms_reply("1 0003"), own, {&earlier, &theirs}, hour("8h")).line);
    }
}

TEST_CASE("where it is unclear which line is meant the help answer says so and nothing is decided") {
    CustomerState state;
    Question question;
    question.id = "q-1";
    question.code = "0001";
    question.choices = {"extend", "decline"};
    question.expires = hour("9h");
    state.questions = {question};
    Rules rules;
    const Terms terms;
    const tariffs::Book book;
    for (const char* text : {"1", "YES", "NO", "HELP"}) {
        CustomerState after = state;
        const ReplyDecision decided =
            decide_reply(notifications::read_sms_reply(text), terms, {&book, &networks(), &rules}, hour("1h"), "sms",
                         after, {Writer::As::user, true});
        CAPTURE(text);
        CHECK(decided.result == ReplyResult::helped);
        CHECK(decided.decision.owed.at(0).facts.note == notifications::Note::several_open);
        CHECK(decided.decision.owed.at(0).facts.choices.empty());
        CHECK(after.questions[0].state == QuestionState::pending);
    }
}

}  // namespace roamguard::protection::testing
