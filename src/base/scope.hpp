#pragma once

#include <boost/describe/enum.hpp>

#include "base/uuid.hpp"

namespace millrace {

BOOST_DEFINE_ENUM_CLASS(Role, user, admin)
BOOST_DEFINE_ENUM_CLASS(Reach, own, org, all)

/// Who asks. Every read of an owned row takes one: a row outside the scope does not exist.
struct Scope {
    Uuid user;
    Uuid org;
    Role role = Role::user;
    /// How far the caller looks: own rows, those of the organisation, or all (admin only).
    using Reach = millrace::Reach;
    Reach reach = Reach::own;

    bool is_admin() const { return role == Role::admin; }
    /// May a row of `owner` in `org_id` be seen?
    bool sees(const Uuid& owner, const Uuid& org_id) const {
        if (reach == Reach::all) return true;
        if (reach == Reach::org) return org_id == org;
        return owner == user;
    }
};

}  // namespace millrace
