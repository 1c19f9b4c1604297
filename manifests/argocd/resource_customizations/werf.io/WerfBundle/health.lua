local hs = {}

local function condition(type)
  if obj.status == nil or obj.status.conditions == nil then
    return nil
  end
  for _, each in ipairs(obj.status.conditions) do
    if each.type == type then
      return each
    end
  end
  return nil
end

local function isTrue(each)
  return each ~= nil and each.status == "True"
end

local ready = condition("Ready")
local suspended = condition("Suspended")

if obj.spec ~= nil and obj.spec.suspend == true then
  hs.status = "Suspended"
  hs.message = "suspended"
  if isTrue(suspended) then
    hs.message = suspended.message
  end
  return hs
end

-- What the status says is about an earlier spec, or nobody has looked at the bundle yet.
if obj.status == nil or obj.status.observedGeneration ~= obj.metadata.generation or ready == nil then
  hs.status = "Progressing"
  hs.message = "the controller has not seen this spec yet"
  return hs
end

if isTrue(suspended) then
  -- The platform has suspended all bundles.
  hs.status = "Suspended"
  hs.message = suspended.message
elseif isTrue(condition("Stalled")) then
  hs.status = "Degraded"
  hs.message = condition("Stalled").message
elseif isTrue(condition("Reconciling")) then
  hs.status = "Progressing"
  hs.message = condition("Reconciling").message
elseif ready.reason == "ApprovalAwaited" then
  -- Nothing is wrong with it: it waits for a person.
  hs.status = "Suspended"
  hs.message = ready.message
elseif isTrue(ready) then
  hs.status = "Healthy"
  hs.message = ready.message
else
  hs.status = "Degraded"
  hs.message = ready.message
end
if obj.metadata.deletionTimestamp ~= nil then
  -- Since Argo CD 3.6: what keeps it, instead of the name of a finalizer.
  hs.deletionMessage = hs.message
end
return hs
